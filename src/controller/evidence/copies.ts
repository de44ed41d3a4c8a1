import { type Clock, type RegionName, sleep } from '../../core/index.ts'
import type { PartitionLoss } from '../../failover/index.ts'
import type { CopyProgress, FlowStatus, LinkSpec, LinkStatus, Moves } from '../../replication/index.ts'
import type { GatherParts } from './parts.ts'
import { endsOf, type SeenEnd } from './source-rates.ts'

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
  const { rooms, rates, clock } = parts
  const { from, to, partitions } = wish
  const place = (of: Place) => ({ ...of, region: from })
  const flows = findCopying(parts, from, to)?.flows
  const told = viewFlows(flows ?? [], clock.nowMs(), (of) => rates.rateOf(place(of)))
  const known = new Set(told.map(textOf))
  const untold = (partitions ?? flows)?.filter((one) => !known.has(textOf(one)))
  if (untold?.length === 0) return told
  const progress = await rooms.replicator.moves.progress(rooms.linkOf(from, to), signal, {
    isSourceSilent: partitions === undefined,
  })
  if (partitions !== undefined) await noteEnds(parts, { region: from, partitions: untold ?? [] }, signal)
  const nowMs = clock.nowMs()
  const seenOf = (of: Place): Seen | undefined => {
    const last = rates.lastOf(place(of))
    if (last === undefined) return undefined
    const { end, atMs } = last
    return { end, seenMsAgo: Math.max(0, nowMs - atMs), recordsPerSecond: rates.rateOf(place(of)) ?? 0 }
  }
  // Without a source and flows of this process, what was copied or seen lately is all that is known to be there.
  const seen = rates.seenIn(from).filter(({ topic }) => rooms.scope.isSelected(topic))
  const ever = [...progress.map(({ key }) => key), ...seen]
  const all = untold ?? [...new Map(ever.map((one) => [textOf(one), one])).values()]
  return [...told, ...viewLogs({ partitions: all, progress }, seenOf)]
}

interface Place {
  readonly topic: string
  readonly partition: number
}

/** The end of a source partition, as it was last seen. */
type Seen = Pick<PartitionLoss, 'seenMsAgo' | 'recordsPerSecond'> & { readonly end: number }

function viewFlows(flows: readonly FlowStatus[], nowMs: number, rateOf: (of: Place) => number | undefined): CopyView[] {
  return flows.flatMap((flow) => {
    const { topic, partition, state, offsetsIdentical } = flow
    const loss = lossOfFlow(flow, nowMs, rateOf({ topic, partition }))
    if (state === 'elsewhere' || loss === undefined) return []
    return [{ topic, partition, loss, isIdentical: state === 'running' ? offsetsIdentical : undefined }]
  })
}

export function findLink(parts: Pick<GatherParts, 'replication' | 'rooms'>, from: RegionName, to: RegionName) {
  const { name } = parts.rooms.linkOf(from, to)
  return parts.replication().links.find(({ link }) => link === name)
}

/** One that has flows here: one that is paused or still starting knows of nothing, which is not that nothing is there. */
export function findCopying(parts: Pick<GatherParts, 'replication' | 'rooms'>, from: RegionName, to: RegionName) {
  const link = findLink(parts, from, to)
  return link === undefined || link.flows.length === 0 ? undefined : link
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

/** Pure: a partition that no copy is known of, or whose source was never seen to end, has an unknown loss. */
export function viewLogs(
  logs: { readonly partitions: readonly Place[]; readonly progress: readonly CopyProgress[] },
  seenOf: (of: Place) => Seen | undefined,
): CopyView[] {
  const copies = new Map(logs.progress.map((one) => [textOf(one.key), one]))
  return logs.partitions.map(({ topic, partition }) => {
    const place = { topic, partition }
    const copy = copies.get(textOf(place))
    const isIdentical = copy?.end === undefined ? undefined : copy.end.dataEnd === copy.sourceNext
    const seen = seenOf(place)
    const next = copy === undefined || copy.sourceNext >= 0 ? copy?.sourceNext : copy.sourceAbout
    if (next === undefined || seen === undefined) return { ...place, loss: undefined, isIdentical }
    const { end, ...age } = seen
    return { ...place, loss: { records: Math.max(0, end - next), ...age }, isIdentical }
  })
}

/** The ends now; read a second time where they have not been seen before, so that there is a rate. */
async function noteEnds(
  { rooms, rates, clock }: GatherParts,
  { region, partitions }: { readonly region: RegionName; readonly partitions: readonly Place[] },
  signal: AbortSignal,
): Promise<void> {
  const read = async () => rates.note(await readEnds(rooms.replicator.moves, { region, partitions, clock }, signal))
  await read()
  if (partitions.every((one) => rates.rateOf({ region, ...one }) !== undefined)) return
  await sleep(clock, RATE_SPAN_MS, signal)
  await read()
}

/** Of partitions whose leader tells it. */
async function readEnds(
  moves: Pick<Moves, 'ends'>,
  of: { readonly region: RegionName; readonly partitions: readonly Place[]; readonly clock: Clock },
  signal: AbortSignal,
): Promise<SeenEnd[]> {
  const { region, partitions, clock } = of
  const ends = await moves.ends(region, partitions, signal)
  const atMs = clock.nowMs()
  return ends.flatMap(({ topic, partition, highWatermark: end, errorCode }) => {
    return errorCode === 0 ? [{ region, topic, partition, end, atMs }] : []
  })
}

/**
 * Where the active region of a group ends, for when it does not answer any more: told by the flows of this process, and by
 * the region itself where others copy from it.
 */
export async function lookAtSource(
  look: {
    readonly moves: Pick<Moves, 'ends' | 'partitions'>
    /** Those of the group that this process runs. */
    readonly links: readonly LinkStatus[]
    readonly topics: LinkSpec['topics']
    readonly active: RegionName
    readonly clock: Clock
  },
  signal: AbortSignal,
): Promise<SeenEnd[]> {
  const { moves, links, topics, active: region, clock } = look
  const here = links.filter(({ source, flows }) => source === region && flows.length > 0)
  const told = endsOf(here)
  const known = new Set(told.map(textOf))
  const all = here.length > 0 ? here.flatMap(({ flows }) => flows) : await moves.partitions(region, topics, signal)
  const partitions = new Map(all.filter((one) => !known.has(textOf(one))).map((one) => [textOf(one), one]))
  if (partitions.size === 0) return told
  return [...told, ...(await readEnds(moves, { region, partitions: [...partitions.values()], clock }, signal))]
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

export function textOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`
}
