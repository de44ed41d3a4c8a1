import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupsBody, TranslateBody } from '../../src/api/contract/index.ts'
import { type Random, randomBelow, seededRandom, systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, type GroupPosition, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { committedPairs } from '../support/committed-pairs.ts'
import { FAST_COMPACTION, untilCompacted, untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { type BothSides, judgePositions, type PositionPair, type PositionVerdict } from '../support/position-judge.ts'
import { type LogSpan, offsetAt, PLACES } from '../support/position-places.ts'
import type { RecordLog } from '../support/record-log.ts'
import { VERSION_OPTIONS, versionsOf } from '../support/region-versions.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Positions at every kind of place, translated both ways, judged by what Kafka's own consumer reads from them.
 *
 * The replicator is killed while it copies: the markers of the takeover after it shift the offsets of every topic, the
 * plain one too. Half of the groups have committed before the copy begins, so that their positions are behind it at
 * first; some of these move at the end, one of them back. Neither side compacts while positions are judged.
 */
const TOPICS = ['orders.compacted', 'orders.plain', 'orders.tx'] as const
const [COMPACTED, PLAIN, TRANSACTIONAL] = TOPICS
const PARTITIONS = 4
const LINK = 'source-to-target'
const GROUPS = 40
const SYNC_LIMIT_MS = 60_000
/** Below the request limit of the API. */
const TRANSLATE_PAUSE_MS = 12
const BYTES = 150
/** How long the second half is written: long enough to die in the middle of it. */
const WRITE_SECONDS = 6

export const trial: Trial = {
  name: 'positions',
  describe: 'positions of any lag on topics with holes read the same records on both sides, translated either way',
  options: {
    records: { describe: 'records in all topics together', default: '400000' },
    seed: { describe: 'of the places that are tried', default: '1' },
    ...VERSION_OPTIONS,
  },
  fields: ['checked', 'differing', 'wrong', 'missing', 'groups', 'identityWrong'],
  populations: ['checked', 'differing', 'groups', 'identityWrong'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 40_000 : Number(options.records)
    const random = seededRandom(Number(options.seed))
    const versions = versionsOf(options)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', ...versions.source, signal, brokerConfig: { 'log.cleaner.backoff.ms': '500' } }),
      startRegion({ name: 'target', ...versions.target, signal, brokerConfig: { 'log.cleaner.enable': 'false' } }),
    ])
    await using _source = source
    await using _target = target
    await using sourceCluster = clusterOf(source)
    await using targetCluster = clusterOf(target)

    await writeFirstHalf(folder, { source, cluster: sourceCluster, records }, signal)
    const committed = new Map<string, GroupPosition[]>()
    const commit = (group: string, positions: GroupPosition[]) => {
      committed.set(group, positions)
      return commitAll(sourceCluster, group, positions, signal)
    }
    const early = await offsetsOf(sourceCluster, signal)
    for (let group = 0; group < GROUPS / 2; group++) {
      await commit(`group-${group}`, earlyPositions(group, early, random))
    }
    log(`first half written, ${GROUPS / 2} groups have committed`)

    await using isthmus = await copyWithKill(folder, { source, target, records, early, log }, signal)
    log('everything is copied; reading the source')
    const topics = [...TOPICS]
    const reading = { topics, isolation: 'read_committed' as const }
    const before = await folder.read('source', { ...reading, bootstrap: source.bootstrap }, signal)
    const sourceSpans = spansOf(before, await offsetsOf(sourceCluster, signal))
    for (const group of [0, 1, 2, ...rangeFrom(GROUPS / 2, GROUPS)]) {
      const positions = group === 0 ? rewound() : placedPositions(group, sourceSpans, random)
      await commit(`group-${group}`, positions)
    }

    await untilSynced(isthmus, committed, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      log(String(error))
    })
    const after = await folder.read('target', { ...reading, bootstrap: target.bootstrap }, signal)
    const sides = { source: before, target: after }
    const targetSpans = spansOf(after, await offsetsOf(targetCluster, signal))
    const pairs = {
      committed: await committedPairs(target.bootstrap, committed),
      'source-to-target': await translatedPairs(isthmus, { spans: sourceSpans, direction: 'source-to-target', random }),
      'target-to-source': await translatedPairs(isthmus, { spans: targetSpans, direction: 'target-to-source', random }),
    }
    return conclude(sides, pairs, { groups: committed.size, log })
  },
}

function conclude(
  sides: BothSides,
  pairs: Readonly<Record<string, PositionPair[]>>,
  { groups, log }: { groups: number; log: (line: string) => void },
) {
  const all = Object.values(pairs).flat()
  const { findings, ...total } = judgePositions(sides, all)
  for (const finding of findings) log(finding)
  const rows = Object.entries(pairs).flatMap(([way, some]) =>
    TOPICS.map((topic) => {
      const own = some.filter(({ partition }) => partition.startsWith(`${topic}/`))
      const { findings: _findings, ...verdict } = judgePositions(sides, own)
      return { topic, way, ...verdict }
    }),
  )
  return {
    ok: isOk(total),
    rows,
    // What a translation that returns its input would have got wrong: zero would mean that this trial shows nothing.
    summary: { ...total, groups, identityWrong: judgePositions(sides, all.map(identityOf)).wrong },
  }
}

function isOk({ checked, differing, wrong, missing }: Omit<PositionVerdict, 'findings'>): boolean {
  return checked >= 100 && differing * 2 >= checked && wrong === 0 && missing === 0
}

function identityOf({ partition, source }: PositionPair): PositionPair {
  return { partition, source, target: source }
}

function clusterOf(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

/** Leaves one partition of the plain topic with a log start above 0. */
async function writeFirstHalf(
  folder: TrialFolder,
  { source, cluster, records }: { source: LocalRegion; cluster: Cluster; records: number },
  signal: AbortSignal,
): Promise<void> {
  const common = { bootstrap: source.bootstrap.join(','), partitions: PARTITIONS, size: BYTES }
  const share = (part: number) => Math.round(records * part)
  const keys = Math.max(200, share(0.005))
  const few = { topics: COMPACTED, count: share(0.4), keys, tombstones: 0.05, config: FAST_COMPACTION, size: 400 }
  await folder.produce('compacted', { ...common, ...few }, signal)
  await Promise.all([
    folder.produce('plain-1', { ...common, topics: PLAIN, count: share(0.15) }, signal),
    folder.produce('tx-1', { ...common, ...transactions(1), count: share(0.15) }, signal),
  ])
  await untilCompacted(folder, { bootstrap: source.bootstrap, topic: COMPACTED }, signal)
  const deleted = { topic: PLAIN, partition: PARTITIONS - 1, offset: share(0.01) }
  await cluster.deleteRecords([deleted], signal)
}

function transactions(half: number) {
  return { topics: TRANSACTIONAL, burst: 40, 'transactional-id': `positions-${half}`, 'abort-ratio': 0.2 }
}

/** Copies the first half, is killed in the middle of the second, and copies the rest. */
async function copyWithKill(
  folder: TrialFolder,
  context: {
    readonly source: LocalRegion
    readonly target: LocalRegion
    readonly records: number
    readonly early: readonly PartitionOffsets[]
    readonly log: (line: string) => void
  },
  signal: AbortSignal,
): Promise<IsthmusProcess> {
  const { source, target, records, early, log } = context
  const groups = 'consumerGroups: { include: ["*"] }'
  const rest = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: ["orders.*"] }, ${groups} }`
  const options = { regions: [source, target], rest }
  const copied = { link: LINK, flowCount: TOPICS.length * PARTITIONS }
  await using doomed = await IsthmusProcess.start(options)
  await untilCopied(doomed, copied, signal)

  const count = Math.round(records * 0.15)
  const common = {
    bootstrap: source.bootstrap.join(','),
    partitions: PARTITIONS,
    size: BYTES,
    count,
    rate: count / WRITE_SECONDS,
  }
  const writing = Promise.all([
    folder.produce('plain-2', { ...common, topics: PLAIN }, signal),
    folder.produce('tx-2', { ...common, ...transactions(2) }, signal),
  ])
  const isAmid = async () => {
    const flows = await doomed.flows(LINK)
    const shifted = early.filter(({ topic }) => topic !== COMPACTED)
    return shifted.every(({ topic, partition, end }) =>
      flows.some((flow) => flow.topic === topic && flow.partition === partition && (flow.sourceNext ?? 0) > end + 50),
    )
      ? true
      : undefined
  }
  try {
    await eventually('the second half is being copied', isAmid, { limitMs: 60_000, everyMs: 100, signal })
    await doomed.kill()
  } catch (error) {
    await writing.catch(() => undefined)
    throw error
  }
  log('the replicator is killed and starts again')
  const successor = await IsthmusProcess.start(options)
  try {
    await writing
    await untilCopied(successor, copied, signal)
    return successor
  } catch (error) {
    await successor[Symbol.asyncDispose]()
    throw error
  }
}

interface PartitionOffsets {
  readonly topic: string
  readonly partition: number
  readonly start: number
  readonly end: number
}

async function offsetsOf(cluster: Cluster, signal: AbortSignal): Promise<PartitionOffsets[]> {
  const partitions = TOPICS.flatMap((topic) => rangeFrom(0, PARTITIONS).map((partition) => ({ topic, partition })))
  const list = async (timestamp: number) => {
    const query = { isolation: 'read_uncommitted' as const, partitions: partitions.map((at) => ({ ...at, timestamp })) }
    const listed = await cluster.listOffsets(query, signal)
    return new Map(listed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  }
  const [starts, ends] = [await list(-2), await list(-1)]
  return partitions.map(({ topic, partition }) => {
    const [start, end] = [starts.get(`${topic}/${partition}`), ends.get(`${topic}/${partition}`)]
    if (start === undefined || end === undefined) throw new Error(`${topic}-${partition} has no offsets`)
    return { topic, partition, start, end }
  })
}

interface PlacedSpan extends PartitionOffsets, LogSpan {}

function spansOf(log: RecordLog, offsets: readonly PartitionOffsets[]): PlacedSpan[] {
  return offsets.map((span) => ({ ...span, records: log.get(`${span.topic}/${span.partition}`) ?? [] }))
}

/** Blind: anywhere in what was written so far. */
function earlyPositions(group: number, offsets: readonly PartitionOffsets[], random: Random): GroupPosition[] {
  return ownTopics(group, offsets).map(({ topic, partition, start, end }) =>
    position(topic, partition, start + randomBelow(random, end - start + 1)),
  )
}

function placedPositions(group: number, spans: readonly PlacedSpan[], random: Random): GroupPosition[] {
  return ownTopics(group, spans).map((span, index) => {
    const place = PLACES[(group + index) % PLACES.length] ?? 'anywhere'
    return position(span.topic, span.partition, offsetAt(place, span, random))
  })
}

/** Every fourth group reads all topics, the others one each. */
function ownTopics<Span extends { readonly topic: string }>(group: number, spans: readonly Span[]): readonly Span[] {
  return group % 4 === 0 ? spans : spans.filter(({ topic }) => topic === TOPICS[group % TOPICS.length])
}

/** A group that goes back to the beginning of everything. */
function rewound(): GroupPosition[] {
  return TOPICS.flatMap((topic) => rangeFrom(0, PARTITIONS).map((partition) => position(topic, partition, 0)))
}

function position(topic: string, partition: number, offset: number): GroupPosition {
  return { topic, partition, offset, leaderEpoch: -1, metadata: null }
}

async function commitAll(cluster: Cluster, group: string, positions: GroupPosition[], signal: AbortSignal) {
  const refused = (await cluster.commitGroupOffsets(group, positions, signal)).filter(
    ({ errorCode }) => errorCode !== 0,
  )
  if (refused.length > 0) throw new Error(`${group} could not commit: ${JSON.stringify(refused[0])}`)
}

/** Until the replicator says that each group is in step with what it has committed last. */
async function untilSynced(
  isthmus: IsthmusProcess,
  committed: ReadonlyMap<string, readonly GroupPosition[]>,
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    const { groups } = JSON.parse(await isthmus.get(`/api/v1/links/${LINK}/groups`)) as GroupsBody
    const seen = new Map(groups.map((group) => [group.group, group]))
    for (const [name, positions] of committed) {
      const group = seen.get(name)
      if (group?.state !== 'synced') return undefined
      const offsets = new Map(group.positions.map((at) => [`${at.topic}/${at.partition}`, at]))
      const isSame = positions.every(({ topic, partition, offset }) => {
        const at = offsets.get(`${topic}/${partition}`)
        return at?.sourceOffset === offset && at.behindRecords === 0
      })
      if (!isSame) return undefined
    }
    return true
  }
  await eventually('every group is in step', look, { limitMs: SYNC_LIMIT_MS, everyMs: 500, signal })
}

/** One offset at each place of each partition, through the API. */
async function translatedPairs(
  isthmus: IsthmusProcess,
  { spans, direction, random }: { spans: readonly PlacedSpan[]; direction: Direction; random: Random },
): Promise<PositionPair[]> {
  const pairs: PositionPair[] = []
  for (const span of spans) {
    for (const place of PLACES) {
      const { topic, partition } = span
      const from = offsetAt(place, span, random)
      const query = new URLSearchParams({ link: LINK, topic, partition: `${partition}`, offset: `${from}`, direction })
      const { offset } = JSON.parse(await isthmus.get(`/api/v1/offsets/translate?${query.toString()}`)) as TranslateBody
      const isForward = direction === 'source-to-target'
      pairs.push({
        partition: `${topic}/${partition}`,
        source: isForward ? from : offset?.to,
        target: isForward ? offset?.to : from,
      })
      await sleep(TRANSLATE_PAUSE_MS)
    }
  }
  return pairs
}

type Direction = 'source-to-target' | 'target-to-source'

function rangeFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index)
}
