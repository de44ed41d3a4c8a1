import { type Random, randomBelow, unreachable } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { offsetAtTime } from '../flows/log-ends.ts'
import type { FlowMap, Segment } from '../offset-map/index.ts'
import type { OffsetRange } from './committed-log.ts'
import type { VerificationScope } from './report.ts'

/** What can be compared of a flow: from the beginning of both the map and the source's log to the end of the copy. */
export interface Comparable extends OffsetRange {
  readonly copied: Segment
}

export interface RangeContext {
  readonly source: Cluster
  readonly at: { readonly topic: string; readonly partition: number }
  readonly map: FlowMap
  /** Source offset up to which the flow was found equal before; undefined where it never was. */
  readonly verifiedTo: number | undefined
  readonly random: Random
  readonly nowMs: number
}

/** The source ranges that a scope means, ascending and apart from each other. */
export async function rangesOf(
  scope: VerificationScope,
  { from, to, copied }: Comparable,
  context: RangeContext,
  signal: AbortSignal,
): Promise<OffsetRange[]> {
  const { source, at, map, nowMs } = context
  const clamp = (offset: number) => Math.min(to, Math.max(from, offset))
  const atTime = async (ms: number | undefined) => ms !== undefined && clamp(await offsetAtTime(source, at, ms, signal))
  switch (scope.kind) {
    case 'whole':
      return [{ from, to }]
    case 'range': {
      const begin = scope.fromOffset ?? (await atTime(scope.fromMs))
      const end = scope.toOffset ?? (await atTime(scope.toMs))
      return [{ from: begin === false ? from : clamp(begin), to: end === false ? to : clamp(end) }]
    }
    case 'tail': {
      if (scope.minutes !== undefined) {
        return [{ from: clamp(await offsetAtTime(source, at, nowMs - scope.minutes * 60_000, signal)), to }]
      }
      if (scope.records === undefined) return [{ from: clamp(context.verifiedTo ?? from), to }]
      // Target offsets are records, but for a few markers.
      const { offset } = await map.findSource(Math.max(0, copied.target - scope.records), signal, copied)
      return [{ from: clamp(offset), to }]
    }
    case 'sample':
      return sampleRanges(scope, { from, to }, context.random)
    default:
      return unreachable(scope)
  }
}

/** One stretch somewhere in each of so many equal parts. */
function sampleRanges(
  { stretches, records }: Extract<VerificationScope, { kind: 'sample' }>,
  { from, to }: OffsetRange,
  random: Random,
): OffsetRange[] {
  if (to - from <= stretches * records) return [{ from, to }]
  const part = Math.floor((to - from) / stretches)
  return Array.from({ length: stretches }, (_, index) => {
    const begin = from + index * part + randomBelow(random, part - records + 1)
    return { from: begin, to: begin + records }
  })
}
