/**
 * Where each partition of a region that comes back parts from the active one's, and which offsets below that point the
 * active region has no record of. Worked out from maps and log ends alone: cheap, and the same however often it is asked,
 * as long as nobody writes there.
 */
import type { RegionName } from '../../core/index.ts'
import type { Cluster, TopicPartition } from '../../kafka/index.ts'
import type { PartitionRef } from '../flows/raw-reader.ts'
import type { Run } from '../offset-map/index.ts'
import type { OffsetRange } from '../verification/committed-log.ts'
import { CopyIndex } from './copy-index.ts'
import type { CutPartition } from './cut.ts'
import { eachOf } from './each-of.ts'
import { explainUnreplicated, readEnds } from './ends.ts'
import type { Fork } from './fork.ts'
import type { MapAtlas } from './map-atlas.ts'
import { textOf } from './partition-text.ts'

export interface ForkedPartition extends PartitionRef {
  readonly logStart: number
  /** First offset that the active region knows nothing of. */
  readonly fork: number
  /** Everything below it is replicated, and every transaction below it decided. */
  readonly end: number
  /** Undefined where no copy that has ended ties the two together: then nothing of it is known to be there. */
  readonly tie: Fork | undefined
  /** Undefined where the active region has no such partition. */
  readonly active: ForkedActive | undefined
}

export interface ForkedActive {
  readonly ref: PartitionRef
  readonly logStart: number
  /** Where it went on by itself. */
  readonly from: number
  /** Below it no transaction is open. */
  readonly end: number
}

export type Forking =
  | { readonly kind: 'known'; readonly partitions: readonly ForkedPartition[] }
  | { readonly kind: 'waiting'; readonly reason: string }

export interface ForkingSight {
  readonly region: RegionName
  readonly cluster: Cluster
  readonly partitions: readonly CutPartition[]
  readonly active: { readonly cluster: Cluster; readonly partitions: readonly CutPartition[] }
  readonly atlas: Pick<MapAtlas, 'fork' | 'copies'>
}

const AT_ONCE = 32

export async function findForks(sight: ForkingSight, signal: AbortSignal): Promise<Forking> {
  const { cluster, partitions, active, atlas, region } = sight
  const [here, there] = [
    await readLimits(cluster, partitions, signal),
    await readLimits(active.cluster, active.partitions, signal),
  ]
  const activeRefs = new Map(active.partitions.map((ref) => [textOf(ref), ref]))
  const forked: ForkedPartition[] = []
  const troubles: string[] = []
  const index = new CopyIndex(atlas.copies())
  const inOrder = partitions.toSorted((one, other) => index.placeOf(one) - index.placeOf(other))
  await eachOf(inOrder, AT_ONCE, async (ref) => {
    const activeRef = activeRefs.get(textOf(ref))
    const limits = here.get(textOf(ref))
    const activeLimits = activeRef && there.get(textOf(activeRef))
    const trouble = findTrouble(limits, activeRef && (activeLimits ?? 'untold'))
    if (limits === undefined || trouble !== undefined) {
      troubles.push(`${textOf(ref)} of ${region}: ${trouble}`)
      return
    }
    const tie = activeRef && (await atlas.fork(ref, activeRef.topicId, index.near(ref), signal))
    forked.push(forkOf(ref, limits, tie, activeRef && activeLimits && { ref: activeRef, ...activeLimits }))
  })
  const [trouble] = troubles
  if (trouble !== undefined) return { kind: 'waiting', reason: `${troubles.length} partitions, such as ${trouble}` }
  const byName = (one: TopicPartition, other: TopicPartition) =>
    one.topic < other.topic ? -1 : one.topic > other.topic ? 1 : one.partition - other.partition
  return { kind: 'known', partitions: forked.sort(byName) }
}

function findTrouble(limits: Limits | undefined, active: Limits | 'untold' | undefined): string | undefined {
  const untold = 'its ends are not told'
  if (limits === undefined) return untold
  const isSilent = active === 'untold' || (active !== undefined && active.stableEnd < 0)
  return limits.trouble ?? (isSilent ? `${untold} by the active region` : undefined)
}

function forkOf(
  ref: PartitionRef,
  { logStart, end }: Limits,
  tie: Fork | undefined,
  active: (Limits & Pick<ForkedActive, 'ref'>) | undefined,
): ForkedPartition {
  const fork = Math.min(end, Math.max(logStart, tie?.at ?? logStart))
  const there = active && {
    ref: active.ref,
    logStart: active.logStart,
    from: tie?.there ?? active.logStart,
    end: active.stableEnd,
  }
  return { ...ref, logStart, fork, end, tie, active: there }
}

/** Pure: offsets below the fork without a counterpart on the active region, or with one that it does not serve any more. */
export function findUntied(
  runs: readonly Run[],
  { logStart, fork, active }: Pick<ForkedPartition, 'logStart' | 'fork' | 'active'>,
): OffsetRange[] {
  const untied: OffsetRange[] = []
  let at = logStart
  for (const { source, target, length } of runs) {
    const gone = Math.max(0, (active?.logStart ?? 0) - source)
    const [from, to] = [Math.min(target + gone, target + length), Math.min(target + length, fork)]
    if (to <= at || from >= to) continue
    if (from > at) untied.push({ from: at, to: Math.min(from, fork) })
    at = Math.max(at, to)
  }
  if (at < fork) untied.push({ from: at, to: fork })
  return untied
}

interface Limits {
  readonly logStart: number
  readonly end: number
  readonly stableEnd: number
  readonly trouble: string | undefined
}

async function readLimits(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Limits>> {
  if (partitions.length === 0) return new Map()
  const earliest = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: -2 }))
  const starts = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions: earliest }, signal)
  const startOf = new Map(starts.map((one) => [textOf(one), one.errorCode === 0 ? one.offset : undefined]))
  return new Map(
    (await readEnds(cluster, partitions, signal)).map((ends) => {
      const logStart = startOf.get(textOf(ends))
      const undecided = ends.stableEnd < ends.highWatermark ? 'a transaction is open there' : undefined
      const trouble = explainUnreplicated(ends) ?? (logStart === undefined ? 'its start is not told' : undecided)
      const { highWatermark: end, stableEnd } = ends
      return [textOf(ends), { logStart: logStart ?? 0, end, stableEnd, trouble }]
    }),
  )
}
