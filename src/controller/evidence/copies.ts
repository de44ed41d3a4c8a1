import { type RegionName, sleep } from '../../core/index.ts'
import type { PartitionLoss } from '../../failover/index.ts'
import type { CopyProgress, FlowStatus, LinkStatus, PartitionEnds } from '../../replication/index.ts'
import type { GatherParts } from './parts.ts'

/** How far the copy of one partition is, told by its flow, or by the logs where the flow is another replicator's. */
export interface CopyView {
  readonly topic: string
  readonly partition: number
  /** What is missing of it; undefined where that is not known. */
  readonly loss: Omit<PartitionLoss, 'partition'> | undefined
  /** Undefined where that is not known. */
  readonly isIdentical: boolean | undefined
}

export interface CopyWish {
  readonly from: RegionName
  readonly to: RegionName
  /** Every partition of the source; undefined where it does not answer. */
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[] | undefined
}

/** Between two readings of the ends of a source whose rate nobody has seen. */
const RATE_SPAN_MS = 500

/** Every partition that is copied, or ought to be. */
export async function viewCopies(parts: GatherParts, wish: CopyWish, signal: AbortSignal): Promise<CopyView[]> {
  const { rates, clock } = parts
  const { from, to, partitions } = wish
  const rateOf: RateOf = (of) => rates.rateOf({ region: from, ...of })
  const flows = findLink(parts, from, to)?.flows
  const told = viewFlows(flows ?? [], clock.nowMs(), rateOf)
  const known = new Set(told.map(textOf))
  const untold = (partitions ?? flows)?.filter((one) => !known.has(textOf(one)))
  if (untold?.length === 0) return told
  const { rooms } = parts
  const progress = await rooms.replicator.moves.progress(rooms.linkOf(from, to), signal)
  const ends = partitions === undefined ? [] : await readRates(parts, from, untold ?? [], signal)
  // Without a source and a link of this process, what was copied is all that is known to be there.
  const logs = { partitions: untold ?? progress.map(({ key }) => key), progress, ends }
  return [...told, ...viewLogs(logs, rateOf)]
}

type RateOf = (of: { readonly topic: string; readonly partition: number }) => number | undefined

function viewFlows(flows: readonly FlowStatus[], nowMs: number, rateOf: RateOf): CopyView[] {
  return flows.flatMap((flow) => {
    const { topic, partition, state, offsetsIdentical } = flow
    const loss = lossOfFlow(flow, nowMs, rateOf(flow))
    if (state === 'elsewhere' || loss === undefined) return []
    return [{ topic, partition, loss, isIdentical: state === 'running' ? offsetsIdentical : undefined }]
  })
}

export function findLink(parts: Pick<GatherParts, 'replication' | 'rooms'>, from: RegionName, to: RegionName) {
  const { name } = parts.rooms.linkOf(from, to)
  return parts.replication().links.find(({ link }) => link === name)
}

/** Pure. */
export function lossOfFlow(
  flow: Pick<FlowStatus, 'sourceNext' | 'sourceHighWatermark' | 'observedAtMs' | 'lagSeconds'>,
  nowMs: number,
  recordsPerSecond = 0,
): CopyView['loss'] {
  const { sourceNext, sourceHighWatermark, observedAtMs, lagSeconds } = flow
  if (sourceNext === null || sourceHighWatermark === null || observedAtMs === null) return undefined
  return {
    records: Math.max(0, sourceHighWatermark - sourceNext),
    seenMsAgo: Math.max(0, nowMs - observedAtMs),
    recordsPerSecond,
    ...(lagSeconds !== null && { waitingMs: Math.round(lagSeconds * 1_000) }),
  }
}

/** Pure: a partition that no copy is known of, or whose source does not tell its end, has an unknown loss. */
export function viewLogs(
  logs: {
    readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
    readonly progress: readonly CopyProgress[]
    readonly ends: readonly PartitionEnds[]
  },
  rateOf: RateOf,
): CopyView[] {
  const copies = new Map(logs.progress.map((one) => [textOf(one.key), one]))
  const ends = new Map(logs.ends.map((one) => [textOf(one), one]))
  return logs.partitions.map(({ topic, partition }) => {
    const text = textOf({ topic, partition })
    const copy = copies.get(text)
    const end = ends.get(text)
    const isKnown = copy !== undefined && copy.sourceNext >= 0 && end?.errorCode === 0
    const records = isKnown ? Math.max(0, end.highWatermark - copy.sourceNext) : 0
    const loss = isKnown ? { records, seenMsAgo: 0, recordsPerSecond: rateOf({ topic, partition }) ?? 0 } : undefined
    const isIdentical = copy?.end === undefined ? undefined : copy.end.dataEnd === copy.sourceNext
    return { topic, partition, loss, isIdentical }
  })
}

/** The ends now; read a second time where they have not been seen before, so that there is a rate. */
async function readRates(
  { rooms, rates, clock }: GatherParts,
  region: RegionName,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  signal: AbortSignal,
): Promise<PartitionEnds[]> {
  const read = async () => {
    const ends = await rooms.replicator.moves.ends(region, partitions, signal)
    const atMs = clock.nowMs()
    rates.note(
      ends.map(({ topic, partition, highWatermark }) => ({ region, topic, partition, end: highWatermark, atMs })),
    )
    return ends
  }
  const ends = await read()
  if (partitions.every((one) => rates.rateOf({ region, ...one }) !== undefined)) return ends
  await sleep(clock, RATE_SPAN_MS, signal)
  return read()
}

/** Pure: topics copied in both directions, or in none. */
export function findWrongDirections(question: {
  readonly topics: readonly string[]
  readonly copied: ReadonlySet<string>
  readonly refused: LinkStatus['refusedTopics']
  readonly copiedBack: ReadonlySet<string>
}): string[] {
  const { topics, copied, refused, copiedBack } = question
  const codes = new Map(refused.map(({ topic, code }) => [topic, code]))
  const none = topics
    .filter((topic) => !copied.has(topic))
    .map((topic) => `${topic} (${codes.has(topic) ? `refused: ${codes.get(topic)}` : 'not copied'})`)
  const both = [...copiedBack].filter((topic) => topics.includes(topic)).map((topic) => `${topic} (in both)`)
  return [...none, ...both]
}

export function textOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`
}
