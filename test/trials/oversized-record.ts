import type { Message } from 'kafkajs'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, createKafkaJs, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { readWhole } from '../support/read-whole.ts'
import { compareLogs, type RecordLog } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Records that the target does not take, under each policy. Both kinds are ones that a source really holds: too large,
 * written before the topic's limit was lowered; and without a key, written before the topic was made compacted. Batches
 * that are too large only as a whole are among them, and a flow that is fine runs on meanwhile.
 */
const TOPICS = ['sensors.large', 'sensors.keyless', 'sensors.steady'] as const
const POLICIES = ['stop', 'quarantine', 'skip'] as const
type Policy = (typeof POLICIES)[number]
const PARTITIONS = 1
const QUARANTINE = '__isthmus.quarantine'
const LARGE_BYTES = 1_500_000
const LIMIT_BYTES = 1_048_588
const ROUNDS = 4
const REFUSED = 'FLOW_TARGET_REFUSED'

/** By partition (`topic/partition`) and offset of the source. */
type Refused = Map<string, Map<number, Message>>

export const trial: Trial = {
  name: 'oversized-record',
  describe: 'records that the target refuses stop their flow, or are kept or left out by name; nothing else is touched',
  options: { records: { describe: 'ordinary records around the refused ones', default: '120000' } },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'named',
    'refused',
    'quarantined',
    'quarantineWrong',
    'skipped',
    'split',
    'steady',
    'fault',
  ],
  populations: ['compared', 'named', 'refused', 'quarantined', 'skipped', 'split', 'steady'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 12_000 : Number(options.records)
    using folder = new TrialFolder()
    const brokerConfig = { 'log.cleaner.enable': 'false' }
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal, brokerConfig }),
      startRegion({ name: 'target', signal, brokerConfig }),
    ])
    await using _source = source
    await using _target = target

    const refused = await fill(source, records, signal)
    const refusedCount = placesOf(refused).length
    log(`written: ${refusedCount} of the records will be refused`)
    const links = POLICIES.map(
      (policy) =>
        `  - { name: ${policy}, source: source, target: target, topics: { include: ["sensors.*"] }, ` +
        `rename: "${policy}.{topic}", policies: { recordRefused: ${policy} } }`,
    )
    await using isthmus = await IsthmusProcess.start({
      regions: [source, target],
      rest: ['links:', ...links].join('\n'),
      logLevel: 'warn',
    })
    const steady = await write(source, records / 4)
    const flowCount = TOPICS.length * PARTITIONS
    const [fault] = await Promise.all([
      untilStopped(isthmus, signal),
      untilCopied(isthmus, { link: 'quarantine', flowCount }, signal),
      untilCopied(isthmus, { link: 'skip', flowCount }, signal),
    ])
    log('everything is copied; reading both sides')

    const read = (region: LocalRegion, topics: readonly string[]) =>
      folder.read(region.name, { bootstrap: region.bootstrap, topics, isolation: 'read_committed' }, signal)
    const copies = POLICIES.flatMap((policy) => TOPICS.map((topic) => `${policy}.${topic}`))
    const [before, after] = await Promise.all([read(source, TOPICS), read(target, copies)])
    const rows = POLICIES.map((policy) => {
      const expected = policy === 'stop' ? upTo(before, refused) : without(before, refused)
      const names = judgeNames(namedBy(isthmus, policy), policy === 'stop' ? firstOf(refused) : placesOf(refused))
      return { policy, ...compareLogs(expected, writtenBy(policy, after)), ...names }
    })
    log('both sides are read; reading the quarantine')
    const kept = await judgeQuarantine(target, refused, signal)
    const metrics = await isthmus.get('/metrics')
    const sum = (name: string, label: string) => sumMetric(metrics, name, label)
    const total = (name: keyof (typeof rows)[number]) => rows.reduce((all, row) => all + Number(row[name]), 0)
    const summary = {
      compared: total('compared'),
      lost: total('lost'),
      repeated: total('repeated'),
      reordered: total('reordered'),
      different: total('different'),
      unattributed: total('unattributed'),
      named: total('named'),
      refused: refusedCount,
      quarantined: sum('isthmus_flow_records_quarantined_total', 'link="quarantine"'),
      quarantineWrong: kept.wrong,
      skipped: sum('isthmus_flow_records_skipped_total', 'link="skip"'),
      split: sum('isthmus_flow_batches_repacked_total', 'reason="split"'),
      steady,
      fault,
    }
    const { quarantined, skipped } = summary
    const damage = summary.lost + summary.repeated + summary.reordered + summary.different + summary.unattributed
    const isNamed = [quarantined, skipped, kept.found].every((count) => count === refusedCount) && kept.wrong === 0
    return { ok: damage === 0 && isNamed && fault === REFUSED, rows, summary }
  },
}

function clusterOf(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

function producerOf(region: LocalRegion) {
  const context = { clock: systemClock, random: systemRandom }
  return createKafkaJs({ name: region.name, bootstrap: region.bootstrap, context }).producer()
}

/** What the flow that nothing is wrong with carries, in batches of ten. Answers how many. */
async function write(source: LocalRegion, count: number): Promise<number> {
  const producer = producerOf(source)
  await producer.connect()
  try {
    for (let at = 0; at < count; at += 10) {
      const messages = Array.from({ length: 10 }, (_, index) => ({ value: `steady ${at + index}`, partition: 0 }))
      await producer.send({ topic: 'sensors.steady', messages })
    }
  } finally {
    await producer.disconnect()
  }
  return count
}

/** Writes both topics and then makes them what the target refuses; answers what it will refuse. */
async function fill(source: LocalRegion, records: number, signal: AbortSignal): Promise<Refused> {
  await using cluster = clusterOf(source)
  const topic = (name: string, configs: Record<string, string>) => {
    return { topic: name, partitions: PARTITIONS, replicationFactor: 1, configs }
  }
  const large = topic('sensors.large', { 'max.message.bytes': String(4 * LIMIT_BYTES) })
  await cluster.createTopics([large, topic('sensors.keyless', {}), topic('sensors.steady', {})], signal)
  const producer = producerOf(source)
  await producer.connect()
  const refused: Refused = new Map()
  /** One batch. */
  const send = async (name: string, partition: number, messages: Message[], refusedAt: readonly number[] = []) => {
    const sent = await producer.send({ topic: name, messages: messages.map((it) => ({ ...it, partition })) })
    const place = `${name}/${partition}`
    const known = refused.get(place) ?? new Map<number, Message>()
    refused.set(place, known)
    for (const index of refusedAt) known.set(Number(sent[0]?.baseOffset) + index, messages[index] ?? { value: null })
  }
  let number = 0
  const small = (bytes = 100): Message => ({
    key: `key-${number}`,
    value: `${number++} `.padEnd(bytes, 'all is well '),
  })
  const many = (count: number, bytes?: number) => Array.from({ length: count }, () => small(bytes))
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const keyless = { ...small(), key: null }
        await send('sensors.large', partition, many(Math.round(records / ROUNDS / PARTITIONS / 2)))
        await send('sensors.large', partition, [small(), small(LARGE_BYTES), small(), small(LARGE_BYTES)], [1, 3])
        await send('sensors.large', partition, [small(LARGE_BYTES)], [0])
        // Each a small record, in a batch that is over the limit.
        await send('sensors.large', partition, many(800, 2_000))
        await send('sensors.keyless', partition, many(Math.round(records / ROUNDS / PARTITIONS / 2)))
        await send('sensors.keyless', partition, [...many(20), keyless, small(), keyless, keyless], [20, 22, 23])
      }
    }
  } finally {
    await producer.disconnect()
  }
  await cluster.alterTopicConfigs('sensors.large', { 'max.message.bytes': String(LIMIT_BYTES) }, signal)
  await cluster.alterTopicConfigs('sensors.keyless', { 'cleanup.policy': 'compact' }, signal)
  return refused
}

/** Every flow with a refused record has stopped, the steady ones run on. Answers the code, or what differs. */
async function untilStopped(isthmus: IsthmusProcess, signal: AbortSignal): Promise<string> {
  const look = async () => {
    const flows = await isthmus.flows('stop').catch(() => [])
    if (flows.length < TOPICS.length * PARTITIONS) return undefined
    const others = flows.filter(({ topic }) => topic === 'sensors.steady')
    const sick = flows.filter(({ topic }) => topic !== 'sensors.steady')
    const isDone = others.every(({ state, lagRecords }) => state === 'running' && lagRecords === 0)
    if (!isDone || !sick.every(({ state }) => state === 'stopped')) return undefined
    return [...new Set(sick.map(({ fault }) => fault?.code ?? 'none'))].join()
  }
  return eventually('the flows stop', look, { limitMs: 60_000, signal })
}

function without(log: RecordLog, refused: Refused): RecordLog {
  return mapLog(log, (records, partition) => records.filter(({ offset }) => !refused.get(partition)?.has(offset)))
}

function upTo(log: RecordLog, refused: Refused): RecordLog {
  return mapLog(log, (records, partition) => {
    const first = Math.min(...(refused.get(partition)?.keys() ?? []))
    return records.filter(({ offset }) => offset < first)
  })
}

type Records = RecordLog extends ReadonlyMap<string, infer Value> ? Value : never

function mapLog(log: RecordLog, change: (records: Records, partition: string) => Records): RecordLog {
  return new Map([...log].map(([partition, records]) => [partition, change(records, partition)]))
}

/** What one policy's link wrote, under the names of the source. */
function writtenBy(policy: Policy, log: RecordLog): RecordLog {
  const own = [...log].filter(([partition]) => partition.startsWith(`${policy}.`))
  return new Map(own.map(([partition, records]) => [partition.slice(policy.length + 1), records]))
}

const placesOf = (refused: Refused) =>
  [...refused].flatMap(([partition, offsets]) => [...offsets.keys()].map((offset) => `${partition}/${offset}`))

const firstOf = (refused: Refused) =>
  [...refused].map(([partition, offsets]) => `${partition}/${Math.min(...offsets.keys())}`)

/** What the log of the process names, as often as it does. */
function namedBy(isthmus: IsthmusProcess, policy: Policy): string[] {
  return isthmus.log.flatMap((line) => {
    if (!line.includes('flow:record-refused')) return []
    const { link, topic, partition, fromOffset, toOffset } = JSON.parse(line) as {
      link: string
      topic: string
      partition: number
      fromOffset: number
      toOffset: number
    }
    if (link !== policy) return []
    return Array.from({ length: toOffset - fromOffset }, (_, index) => `${topic}/${partition}/${fromOffset + index}`)
  })
}

function judgeNames(named: readonly string[], due: readonly string[]) {
  const missing = due.filter((place) => !named.includes(place)).length
  const wrong = named.filter((place) => !due.includes(place)).length
  return { named: new Set(named).size, unattributed: missing + wrong }
}

/** Everything refused is in the quarantine with its key, value and origin. */
async function judgeQuarantine(
  target: LocalRegion,
  refused: Refused,
  signal: AbortSignal,
): Promise<{ found: number; wrong: number }> {
  const kept = await readWhole(target.bootstrap, QUARANTINE, signal)
  const due = new Set(placesOf(refused))
  let wrong = 0
  for (const { key, value, headers } of kept) {
    const [topic, partition, offset] = ['topic', 'partition', 'offset'].map((it) =>
      headers[`isthmus.${it}`]?.toString(),
    )
    const original = refused.get(`${topic}/${partition}`)?.get(Number(offset))
    const isEqual = original !== undefined && isSame(original.key, key) && isSame(original.value, value)
    const hasOrigin =
      headers['isthmus.source-region']?.toString() === 'source' && headers['isthmus.reason'] !== undefined
    if (!due.delete(`${topic}/${partition}/${offset}`) || !isEqual || !hasOrigin) wrong++
  }
  return { found: kept.length, wrong: wrong + due.size }
}

const isSame = (sent: Message['key'], found: Buffer | null) => (sent ?? null)?.toString() === found?.toString()

function sumMetric(text: string, name: string, label: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
  return lines.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
