import type { VerificationBody } from '../../src/api/contract/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, createKafkaJs, decodeRecords, isControl, openCluster, readBatch } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { RawReader } from '../../src/replication/flows/raw-reader.ts'
import { FAST_COMPACTION, untilCompacted, untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { compareLogs, countRecords, type RecordLog } from '../support/record-log.ts'
import { cli } from '../support/run-cli.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * The offset map is taken away from a copy of plain, transactional and compacted topics: deleted while nothing runs,
 * deleted under a running replicator, and written over with junk. Each time the copy goes on with a map that was found
 * again in both logs; a partition that somebody wrote to meanwhile is refused, and stays as it is.
 */
const TOPICS = { plain: 'sensors.plain', transactional: 'sensors.tx', compacted: 'sensors.compacted' }
const WRITTEN_TO = 'sensors.written-to'
const MAP_TOPIC = '__isthmus.offset-map'
const PARTITIONS = 4
const LINK = 'source-to-target'
const REST = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: ["sensors.*"] } }`
const FLOWS = 3 * PARTITIONS

export const trial: Trial = {
  name: 'map-lost',
  describe: 'an offset map that is deleted or damaged is found again in both logs, or the flow is refused',
  options: { records: { describe: 'records in all topics together', default: '600000' } },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'named',
    'fault',
    'rebuiltStopped',
    'rebuiltRunning',
    'rebuiltDamaged',
    'mistranslated',
    'translated',
  ],
  populations: ['compared', 'named', 'rebuiltStopped', 'rebuiltRunning', 'rebuiltDamaged', 'translated'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 12_000 : Number(options.records)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal, brokerConfig: { 'log.cleaner.backoff.ms': '500' } }),
      startRegion({ name: 'target', signal, brokerConfig: { 'log.cleaner.enable': 'false' } }),
    ])
    await using _source = source
    await using _target = target
    await using cluster = clusterOf(target)
    const start = () => IsthmusProcess.start({ regions: [source, target], rest: REST })
    const produce = (round: number, count: number) => produceAll(folder, source, { round, count }, signal)
    const written = (round: number, count: number) =>
      folder.produce(
        `written ${round}`,
        { ...common(source), topics: WRITTEN_TO, partitions: 1, count, seed: round },
        signal,
      )

    await produceCompacted(folder, source, Math.round(records / 4), signal)
    await Promise.all([produce(1, Math.round(records / 4)), written(1, 500)])
    await using first = await start()
    await untilCopied(first, { link: LINK, flowCount: FLOWS + 1 }, signal)
    await first.terminate()

    await deleteMapTopic(cluster, signal)
    await append(target, WRITTEN_TO)
    await Promise.all([produce(2, Math.round(records / 8)), written(2, 100)])
    log('stopped, the map topic deleted, and a record of somebody else in one partition')
    await using second = await start()
    await untilMoved(second, FLOWS, signal)
    const refused = (await second.flows(LINK)).find(({ topic }) => topic === WRITTEN_TO)
    const rebuiltStopped = await countMatched(second)
    log(`${rebuiltStopped} maps rebuilt; ${refused?.topic} is ${refused?.state}: ${refused?.fault?.code}`)

    await deleteMapTopic(cluster, signal)
    await produce(3, Math.round(records / 8))
    const isRebuilt = async () => ((await countMatched(second)) >= rebuiltStopped + FLOWS ? true : undefined)
    await eventually('the maps are rebuilt', isRebuilt, { limitMs: 120_000, signal })
    await produce(4, Math.round(records / 8))
    await untilMoved(second, FLOWS, signal)
    const rebuiltRunning = (await countMatched(second)) - rebuiltStopped
    log(`deleted while it ran: ${rebuiltRunning} maps rebuilt`)
    await second.terminate()

    const damaged = await writeOverEntries(target, cluster, signal)
    await produce(5, Math.round(records / 8))
    await using third = await start()
    await untilMoved(third, FLOWS, signal)
    const rebuiltDamaged = await countMatched(third)
    log(`entries of ${damaged} flows written over: ${rebuiltDamaged} maps rebuilt`)

    const topics = Object.values(TOPICS)
    const read = (name: string, region: LocalRegion) =>
      folder.read(name, { bootstrap: region.bootstrap, topics, isolation: 'read_committed' }, signal)
    const [before, after] = await Promise.all([read('source', source), read('target', target)])
    const compared = compareLogs(before, after)
    const verified = await verify(third)
    const unattributed = verified.partitions
      .filter(({ topic }) => topic !== WRITTEN_TO)
      .reduce((sum, one) => sum + one.missing + one.extra + one.different, 0)
    const translations = await checkTranslations(third, before, after)
    const fault = refused?.fault?.code ?? 'none'
    const damage = compared.lost + compared.repeated + compared.reordered + compared.different
    const ok =
      damage + unattributed + translations.mistranslated === 0 &&
      compared.compared === countRecords(before) &&
      fault === 'FLOW_MATCH_REFUSED' &&
      rebuiltStopped === FLOWS &&
      rebuiltRunning === FLOWS &&
      rebuiltDamaged === damaged
    const summary = {
      ...compared,
      unattributed,
      named: refused?.state === 'stopped' ? 1 : 0,
      fault,
      rebuiltStopped,
      rebuiltRunning,
      rebuiltDamaged,
      ...translations,
    }
    return { ok, rows: [{ topics: topics.length, ...compared }], summary }
  },
}

function common(source: LocalRegion) {
  return { bootstrap: source.bootstrap.join(','), headers: 2, codecs: 'none,lz4' }
}

/** Compacted before anything is copied: what the target then holds stays as it was. */
async function produceCompacted(folder: TrialFolder, source: LocalRegion, count: number, signal: AbortSignal) {
  const options = { ...common(source), topics: TOPICS.compacted, partitions: PARTITIONS, count, keys: 200 }
  const large = { tombstones: 0.05, size: 2_000, values: 'random', config: FAST_COMPACTION }
  await folder.produce('compacted', { ...options, ...large }, signal)
  await untilCompacted(folder, { bootstrap: source.bootstrap, topic: TOPICS.compacted }, signal)
}

async function produceAll(
  folder: TrialFolder,
  source: LocalRegion,
  { round, count }: { round: number; count: number },
  signal: AbortSignal,
): Promise<void> {
  const options = { ...common(source), partitions: PARTITIONS, seed: round }
  const half = Math.round(count / 2)
  const transactional = { burst: 50, 'transactional-id': 'map-lost', 'abort-ratio': 0.2 }
  const produce = (name: string, own: Readonly<Record<string, string | number>>) =>
    folder.produce(`${name} ${round}`, { ...options, ...own, count: half }, signal)
  await Promise.all([
    produce('plain', { topics: TOPICS.plain }),
    produce('tx', { ...transactional, topics: TOPICS.transactional }),
  ])
}

function clusterOf(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

async function deleteMapTopic(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const [outcome] = await cluster.deleteTopics([MAP_TOPIC], signal)
  if (outcome?.errorCode !== 0) throw new Error(`deleting ${MAP_TOPIC} was answered with ${outcome?.errorCode}`)
}

async function append(region: LocalRegion, topic: string): Promise<void> {
  const context = { clock: systemClock, random: systemRandom }
  const producer = createKafkaJs({ name: 'stranger', bootstrap: region.bootstrap, context }).producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'stranger', value: 'not from the source' }] })
  await producer.disconnect()
}

/** Every flow but the refused one stands at its source's end. */
async function untilMoved(isthmus: IsthmusProcess, flowCount: number, signal: AbortSignal): Promise<void> {
  const look = async () => {
    const flows = await isthmus.flows(LINK).catch(() => [])
    return flows.filter(({ lagRecords }) => lagRecords === 0).length === flowCount ? true : undefined
  }
  for (let time = 0; time < 2; time++) {
    await eventually('everything is copied', look, { limitMs: 240_000, signal })
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
}

async function countMatched(isthmus: IsthmusProcess): Promise<number> {
  const text = await isthmus.get('/metrics')
  const lines = text.split('\n').filter((line) => line.startsWith('isthmus_maps_matched_total{'))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Junk under every key of half of the flows; answers how many flows. */
async function writeOverEntries(region: LocalRegion, cluster: Cluster, signal: AbortSignal): Promise<number> {
  const context = { clock: systemClock, random: systemRandom }
  const producer = createKafkaJs({ name: 'stranger', bootstrap: region.bootstrap, context }).producer()
  const flows = new Set<string>()
  await producer.connect()
  for (const { partition, key } of await readKeys(cluster, signal)) {
    const [kind, , topic = '', , number] = key.split('/')
    if (kind !== 'flow' || topic === WRITTEN_TO || Number(number) % 2 === 1) continue
    flows.add(`${topic}-${number}`)
    await producer.send({ topic: MAP_TOPIC, messages: [{ key, value: 'junk', partition }] })
  }
  await producer.disconnect()
  return flows.size
}

async function readKeys(cluster: Cluster, signal: AbortSignal): Promise<{ partition: number; key: string }[]> {
  const { topics } = await cluster.metadata([MAP_TOPIC], signal)
  const keys = new Map<string, { partition: number; key: string }>()
  const reader = new RawReader(cluster, { clock: systemClock, random: systemRandom })
  for (const { partition } of topics[0]?.partitions ?? []) {
    const ref = { topic: MAP_TOPIC, topicId: topics[0]?.topicId ?? '', partition }
    for (let at = 0; ; ) {
      const { records } = await reader.read(ref, { offset: at, maxBytes: 4 << 20 }, signal)
      const from = at
      for (let position = 0; ; ) {
        const header = readBatch(records, position)
        if (header === undefined) break
        position += header.sizeBytes
        at = header.baseOffset + header.lastOffsetDelta + 1
        if (isControl(header)) continue
        for (const { key } of decodeRecords(records, header)) {
          const text = key?.toString() ?? ''
          keys.set(text, { partition, key: text })
        }
      }
      if (at === from) break
    }
  }
  await reader[Symbol.asyncDispose]()
  return [...keys.values()]
}

async function verify(isthmus: IsthmusProcess): Promise<VerificationBody> {
  const { out } = await cli(['verify', '--link', LINK, '--output', 'json', '--api', isthmus.apiUrl])
  return JSON.parse(out) as VerificationBody
}

/** The n-th record of a partition has to be where its offset translates to. */
async function checkTranslations(isthmus: IsthmusProcess, before: RecordLog, after: RecordLog) {
  let translated = 0
  let mistranslated = 0
  for (const [place, records] of before) {
    const [topic = '', partition = ''] = place.split('/')
    for (let index = 0; index < records.length; index += Math.max(1, Math.floor(records.length / 8))) {
      const query = new URLSearchParams({ link: LINK, topic, partition, offset: String(records[index]?.offset) })
      const body = JSON.parse(await isthmus.get(`/api/v1/offsets/translate?${query.toString()}`)) as {
        offset: { to: number; note: string }
      }
      translated++
      if (body.offset.to !== after.get(place)?.[index]?.offset || body.offset.note !== 'exact') mistranslated++
      // The API takes so many requests a second.
      if (translated % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
  return { translated, mistranslated }
}
