import { invariant } from '../../core/index.ts'
import type { AttributedSegment } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow, FlowStart } from './flow.ts'
import type { PositionContext } from './position-context.ts'
import type { Beginning } from './within-source.ts'

export interface RunStart {
  readonly segments: readonly AttributedSegment[]
  readonly epochStart: number
}

/** Writes the run's first entry; the run begins at its last segment. */
export async function recordStart(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  { segments, epochStart }: RunStart,
): Promise<FlowStart> {
  const { key, ...ids } = flow.spec
  const begin = segments.at(-1)
  invariant(begin !== undefined, 'an entry has a segment')
  await tenure.writer.append({
    kind: 'flow',
    flow: key,
    ...ids,
    ...tenure.identity,
    epochStart,
    sourceLeaderEpoch: flow.sourceLeaderEpoch,
    atMs: context.nowMs(),
    segments,
  })
  return { sourceNext: begin.source, targetNext: begin.target, epochStart }
}

/** A gap is told once the map says so: what fails before that is tried again and must not be counted twice. */
export async function recordBeginning(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  at: RunStart & { readonly begin: Beginning },
): Promise<FlowStart> {
  const start = await recordStart(flow, tenure, context, at)
  const { lostFrom, source } = at.begin
  if (lostFrom < source) {
    flow.counters.recordsLost += source - lostFrom
    context.onGap(flow, lostFrom, source)
  }
  return start
}
