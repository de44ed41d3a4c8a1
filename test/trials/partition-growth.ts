import type { Producer } from 'kafkajs'
import type { TopicsBody } from '../../src/api/contract/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, createKafkaJs, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { countUnattributed } from '../support/attribution.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { compareLogs, countRecords, loadProduced, type RecordLog } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Partitions and topics that appear under load, on a link that starts at the end of what was there before: each is
 * written to the moment it exists, so whatever is missed between its creation and its discovery is lost. A target topic
 * that is wider than its source is refused, and copied once the source has caught up.
 */
const BASE = 'growing.base'
const WIDE = 'growing.wide'
const LINK = 'source-to-target'
const WIDE_PARTITIONS = 3
const PARTITIONS_LAST = 9
const GROWN_TO = [3, 5, PARTITIONS_LAST]
const BATCH = 100
const LIMIT_MS = 60_000

export const trial: Trial = {
  name: 'partition-growth',
  describe: 'topics and partitions that appear under load are copied from their first record, also with start latest',
  options: { records: { describe: 'records of the steady load', default: '200000' } },
  fields: [
    'compared',
    'skipped',
    'lost',
    'named',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'fault',
    'partitionsAdded',
    'topicsAdded',
    'slowestMs',
  ],
  populations: ['compared', 'skipped', 'partitionsAdded', 'topicsAdded'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 20_000 : Number(options.records)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal }),
    ])
    await using _source = source
    await using _target = target
    await using from = open(source)
    await using to = open(target)
    const common = { bootstrap: source.bootstrap.join(','), topics: BASE, partitions: 2 }
    const preload = await folder.produce('preload', { ...common, count: 1_000 }, signal)
    await create(from, WIDE, 1, signal)
    await create(to, WIDE, WIDE_PARTITIONS, signal)

    const link = `{ name: ${LINK}, source: source, target: target, topics: { include: ["growing.*"] }, start: latest }`
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest: `links:\n  - ${link}` })
    await untilRunning(isthmus, BASE, 2, signal)
    const fault = await untilRefused(isthmus, signal)
    log(`${WIDE} is refused; growing ${BASE} under load`)
    const [growth] = await Promise.all([
      growUnderLoad({ isthmus, from, source }, signal),
      folder.produce('load', { ...common, count: records, rate: Math.round(records / 15), seed: 2 }, signal),
    ])
    const flows = PARTITIONS_LAST + growth.topics + WIDE_PARTITIONS
    await untilCopied(isthmus, { link: LINK, flowCount: flows }, signal)
    log('everything is copied; reading both sides')

    const topics = [BASE, WIDE, ...Array.from({ length: growth.topics }, (_, at) => nameOf(at))]
    const reading = { topics, isolation: 'read_committed' as const }
    const before = await folder.read('source', { bootstrap: source.bootstrap, ...reading }, signal)
    const after = await folder.read('target', { bootstrap: target.bootstrap, ...reading }, signal)
    const preloaded = await loadProduced([preload])
    const skipped = countRecords(preloaded)
    const compared = compareLogs(without(before, preloaded), after)
    const unattributed = await countUnattributed(isthmus, LINK, skipped)
    const damage = compared.lost + compared.repeated + compared.reordered + compared.different + unattributed
    const summary = {
      ...compared,
      skipped,
      named: 0,
      unattributed,
      fault,
      partitionsAdded: growth.partitions,
      topicsAdded: growth.topics,
      slowestMs: Math.round(growth.slowestMs),
    }
    const ok = damage === 0 && fault === 'TOPIC_TARGET_WIDER' && countRecords(after) === countRecords(before) - skipped
    return { ok, rows: [summary], summary }
  },
}

interface Growing {
  readonly isthmus: IsthmusProcess
  readonly from: Cluster
  readonly source: LocalRegion
}

/** Each growth, and a topic beside it, is written to at once; then it is waited for. */
async function growUnderLoad({ isthmus, from, source }: Growing, signal: AbortSignal) {
  const context = { clock: systemClock, random: systemRandom }
  const kafka = createKafkaJs({ name: 'app', bootstrap: source.bootstrap, context })
  let slowestMs = 0
  let has = 2
  for (const [round, wanted] of GROWN_TO.entries()) {
    const topic = nameOf(round)
    await from.createPartitions(BASE, wanted, signal)
    await create(from, topic, 1, signal)
    const startedMs = performance.now()
    // A producer of its own, so that it knows the partitions of now.
    const producer = kafka.producer()
    await producer.connect()
    for (let partition = has; partition < wanted; partition++) await write(producer, BASE, partition)
    await write(producer, topic, 0)
    await untilRunning(isthmus, BASE, wanted, signal)
    await untilRunning(isthmus, topic, 1, signal)
    slowestMs = Math.max(slowestMs, performance.now() - startedMs)
    await write(producer, BASE, has)
    await producer.disconnect()
    has = wanted
  }
  await from.createPartitions(WIDE, WIDE_PARTITIONS, signal)
  const producer = kafka.producer()
  await producer.connect()
  for (let partition = 0; partition < WIDE_PARTITIONS; partition++) await write(producer, WIDE, partition)
  await producer.disconnect()
  return { slowestMs, partitions: has - 2, topics: GROWN_TO.length }
}

async function write(producer: Producer, topic: string, partition: number): Promise<void> {
  const messages = Array.from({ length: BATCH }, (_, at) => ({ partition, value: `${topic} ${partition} ${at}` }))
  await producer.send({ topic, messages })
}

function nameOf(round: number): string {
  return `growing.new-${round}`
}

function open(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

async function create(cluster: Cluster, topic: string, partitions: number, signal: AbortSignal): Promise<void> {
  const [outcome] = await cluster.createTopics([{ topic, partitions, replicationFactor: 1, configs: {} }], signal)
  if (outcome?.errorCode !== 0) throw new Error(`${topic} could not be created: ${outcome?.message}`)
}

async function untilRunning(isthmus: IsthmusProcess, topic: string, partitions: number, signal: AbortSignal) {
  const look = async () => {
    const flows = (await isthmus.flows(LINK).catch(() => [])).filter((flow) => flow.topic === topic)
    const running = flows.filter(({ state, sourceEnd }) => state === 'running' && sourceEnd !== null)
    return running.length === partitions || undefined
  }
  await eventually(`${topic} runs`, look, { limitMs: LIMIT_MS, everyMs: 50, signal })
}

/** The code of the fault that the product names. */
function untilRefused(isthmus: IsthmusProcess, signal: AbortSignal): Promise<string> {
  const look = async () => {
    const { refused } = JSON.parse(await isthmus.get(`/api/v1/links/${LINK}/topics`)) as TopicsBody
    return refused.find(({ topic }) => topic === WIDE)?.code
  }
  return eventually(`${WIDE} is refused`, look, { limitMs: LIMIT_MS, signal })
}

/** The log behind what stood in front of the link's start. */
function without(log: RecordLog, skipped: RecordLog): RecordLog {
  return new Map(
    [...log].map(([partition, records]) => {
      const start = (skipped.get(partition)?.at(-1)?.offset ?? -1) + 1
      return [partition, records.filter(({ offset }) => offset >= start)]
    }),
  )
}
