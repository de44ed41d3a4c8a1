/**
 * What the logs say of the copies of a link, whichever process makes them.
 *
 * A map is read without a fence, and before the log: what the log has got meanwhile, the map that was read may not
 * explain. So only a map that has not gone on contradicts a log; else the copy is looked at again.
 */
import { isFault } from '../../core/index.ts'
import type { TopicPartition } from '../../kafka/index.ts'
import { targetRef } from '../flows/places.ts'
import type { CopiedFlow, FlowKey, FlowMap, Segment } from '../offset-map/index.ts'
import type { CopyLedger } from '../shards/copy-ledger.ts'
import { shardOf } from '../shards/shard-of.ts'
import { eachOf } from './each-of.ts'
import { readEnds } from './ends.ts'
import type { MapAtlas } from './map-atlas.ts'
import type { MovedLink } from './moves-options.ts'
import { textOf } from './partition-text.ts'
import { type CopyEnd, findCopyEnd, type ProofContext, proveDrained } from './prove-drained.ts'

/** Everything below is to be on the target. A cut is one. */
export interface Goal extends TopicPartition {
  readonly cut: number
}

/** How much of a source partition is not on the target yet. */
export interface DrainStatus extends TopicPartition {
  /** Of the source up to the cut, at most; 0 with a reason where it cannot be told. */
  readonly leftOffsets: number
  /** Undefined once everything is there. */
  readonly reason: string | undefined
  /** Where the copy ends on both sides; undefined where that is not known. */
  readonly copied: Segment | undefined
}

/** How far a copy has got, told by the logs. */
export interface CopyProgress {
  readonly key: FlowKey
  /** Undefined where it has ended, or, with a reason, where it cannot be told now. */
  readonly end: CopyEnd | undefined
  readonly reason: string | undefined
  /** First source offset that is not there; -1 where that is not known. */
  readonly sourceNext: number
  /** The same, but for the last moments of a copy that goes on while it is looked at; where `sourceNext` is not known. */
  readonly sourceAbout?: number
}

export interface CopySightContext {
  readonly atlas: MapAtlas
  /** Of the target. */
  readonly ledger: CopyLedger | undefined
  readonly proof: ProofContext
}

/** A copy with its map as it was a moment ago. */
export interface MappedCopy {
  readonly copy: CopiedFlow
  readonly map: FlowMap
}

const AT_ONCE = 32
const GOES_ON = 'its copy goes on while it is looked at'

/** Whether everything below the goals is on the target. Fault FLOW_DIVERGED. */
export async function proveCopies(
  context: CopySightContext,
  link: MovedLink,
  { copies, goals }: { readonly copies: ReadonlyMap<string, CopiedFlow>; readonly goals: readonly Goal[] },
  signal: AbortSignal,
): Promise<DrainStatus[]> {
  const changesHeaders = link.transform !== undefined
  const proofs: DrainStatus[] = []
  await eachOf(goals, AT_ONCE, async ({ topic, partition, cut }) => {
    const at = { topic, partition }
    const copy = copies.get(textOf(at))
    const proof =
      copy &&
      (await look(context, link, copy, signal, (map) => {
        return proveDrained(context.proof, { spec: copy, map, cut, changesHeaders }, signal)
      }))
    if (proof !== undefined && 'copied' in proof) {
      proofs.push({ ...at, leftOffsets: 0, reason: undefined, copied: proof.copied })
      return
    }
    const leftOffsets = proof !== undefined && 'leftOffsets' in proof ? proof.leftOffsets : 0
    proofs.push({ ...at, leftOffsets, reason: proof?.reason ?? 'it was never copied', copied: undefined })
  })
  return proofs
}

/** How far copies have got, also where their source does not answer any more. Fault FLOW_DIVERGED. */
export async function progressOf(
  context: CopySightContext,
  link: MovedLink,
  copies: Iterable<CopiedFlow>,
  signal: AbortSignal,
): Promise<CopyProgress[]> {
  const progress: CopyProgress[] = []
  await eachOf(copies, AT_ONCE, async (copy) => {
    const { key } = copy
    const found = await look(context, link, copy, signal, async (map) => {
      if (map.closedAt !== undefined) return { end: undefined, sourceNext: map.closedAt.source }
      const end = await endOf(context, link, { copy, map }, signal)
      return 'reason' in end ? end : { end, sourceNext: (await map.findSource(end.dataEnd, signal)).offset }
    })
    if (found === undefined) return
    if ('reason' in found) {
      const sourceAbout = await estimate(context, link, copy, signal)
      const unknown = { key, end: undefined, reason: found.reason, sourceNext: -1 }
      progress.push({ ...unknown, ...(sourceAbout !== undefined && { sourceAbout }) })
    } else progress.push({ key, reason: undefined, ...found })
  })
  return progress
}

/** What another process writes at this moment is not replicated yet, or not in the map that was read: no proof, no matter. */
async function estimate(
  { atlas, proof }: CopySightContext,
  { target }: MovedLink,
  copy: CopiedFlow,
  signal: AbortSignal,
): Promise<number | undefined> {
  const map = await atlas.flowMap({ region: target, flow: copy }, signal)
  const [ends] = await readEnds(proof.target, [targetRef(copy)], signal)
  if (map === undefined || map.closedAt !== undefined || map.isHalfMatched || ends?.errorCode !== 0) return undefined
  return (await map.findSource(ends.highWatermark, signal)).offset
}

/** Where a copy stands; a reason where that cannot be told now. Fault FLOW_DIVERGED. */
export function endOf(
  { proof }: CopySightContext,
  { transform }: MovedLink,
  { copy: spec, map }: MappedCopy,
  signal: AbortSignal,
): Promise<CopyEnd | { readonly reason: string }> {
  return findCopyEnd(proof, { spec, map, changesHeaders: transform !== undefined }, signal)
}

/** Undefined where the map does not know the copy any more. */
export async function look<Seen>(
  { atlas, ledger }: CopySightContext,
  { target }: MovedLink,
  copy: CopiedFlow,
  signal: AbortSignal,
  use: (map: FlowMap) => Promise<Seen>,
): Promise<Seen | { readonly reason: string } | undefined> {
  const readUpTo = () => ledger?.readUpTo(shardOf(copy.key, ledger.mapTopic?.shards ?? 1))
  const asOf = readUpTo()
  const map = await atlas.flowMap({ region: target, flow: copy }, signal)
  if (map === undefined) return undefined
  try {
    return await use(map)
  } catch (error) {
    if (!isFault(error, 'FLOW_DIVERGED')) throw error
    await atlas.refresh(target, signal)
    if (readUpTo() === asOf) throw error
    return { reason: GOES_ON }
  }
}
