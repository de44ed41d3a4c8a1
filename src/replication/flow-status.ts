import type { LinkName } from '../core/index.ts'
import type { Flow } from './flows/flow.ts'
import type { FaultReport, FlowStatus } from './status.ts'

/** Older than this, what the source last said no longer counts as knowledge. */
const SIGHT_MAX_AGE_MS = 15_000

/** A flow as the status shows it. A flow that does not run, or whose sight is old, has no lag: never 0. */
export function describeFlow(link: LinkName, flow: Flow, nowMs: number): FlowStatus {
  const { key } = flow.spec
  const { sight, sourceDone, targetDone, stopped } = flow
  const isFresh = sight !== undefined && nowMs - sight.atMs <= SIGHT_MAX_AGE_MS
  const hasLag = isFresh && flow.state === 'running' && sourceDone !== null
  return {
    link,
    topic: key.topic,
    targetTopic: key.targetTopic,
    partition: key.partition,
    state: flow.state,
    reason: flow.reason,
    sourceNext: sourceDone,
    targetNext: targetDone,
    ...describeSight(sight),
    lagRecords: hasLag ? Math.max(0, sight.stableEnd - sourceDone) : null,
    lagSeconds: hasLag ? flow.lagMs() / 1000 : null,
    offsetsIdentical: flow.tenure?.map.flow(key)?.isIdentical ?? false,
    counters: { ...flow.counters },
    fault: stopped === undefined ? null : reportFault(stopped),
  }
}

function reportFault({ fault, sinceMs }: NonNullable<Flow['stopped']>): FaultReport {
  return { code: fault.code, message: fault.message, remedy: fault.remedy, sinceMs }
}

/** What the source last said; nulls before it said anything. */
function describeSight(sight: Flow['sight']) {
  return {
    sourceStart: sight?.start ?? null,
    sourceEnd: sight?.stableEnd ?? null,
    sourceHighWatermark: sight?.highWatermark ?? null,
    observedAtMs: sight?.atMs ?? null,
  }
}
