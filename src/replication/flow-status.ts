import type { LinkName } from '../core/index.ts'
import type { Flow } from './flows/flow.ts'
import type { FaultReport, FlowState, FlowStatus, HeldBackStatus } from './status.ts'
import type { HeldBack } from './transactions/transaction-watch.ts'

/** After this long without an answer, what the source last said no longer counts as knowledge. */
const SILENCE_MAX_MS = 15_000

/**
 * A flow as the status shows it. A flow that does not run, or whose sight is old, has no lag: never 0. One that another
 * replicator has (`whereabouts` says which) shows nothing but what this process has copied.
 */
export function describeFlow(
  link: LinkName,
  flow: Flow,
  {
    whereabouts,
    heldBack,
  }: { readonly whereabouts?: string | undefined; readonly heldBack?: HeldBack | undefined } = {},
): FlowStatus {
  const { key } = flow.spec
  if (whereabouts !== undefined) return describeElsewhere(link, flow, whereabouts)
  const { sight, sourceDone, targetDone } = flow
  const { state, reason } = describeState(flow)
  const lagRecords = lagOf(flow, state)
  return {
    link,
    topic: key.topic,
    targetTopic: key.targetTopic,
    partition: key.partition,
    state,
    reason,
    sourceNext: sourceDone,
    targetNext: targetDone,
    ...describeSight(sight),
    lagRecords,
    lagSeconds: lagRecords === null ? null : flow.lagMs() / 1000,
    offsetsIdentical: flow.tenure?.map.flow(key)?.isIdentical ?? false,
    counters: { ...flow.counters, repacked: { ...flow.counters.repacked } },
    fault: describeFault(flow, heldBack),
    heldBack: heldBack === undefined ? null : describeHeldBack(heldBack),
  }
}

/** What remains to be copied; 0 where that is not known. */
export function remainingRecords(flow: Flow): number {
  return lagOf(flow, stateOf(flow)) ?? 0
}

function lagOf({ sight, sourceDone }: Flow, state: FlowState): number | null {
  const hasLag = sight !== undefined && state === 'running' && sourceDone !== null
  return hasLag ? Math.max(0, sight.stableEnd - sourceDone) : null
}

function describeElsewhere(link: LinkName, { spec, counters }: Flow, reason: string): FlowStatus {
  const { topic, targetTopic, partition } = spec.key
  return {
    link,
    topic,
    targetTopic,
    partition,
    state: 'elsewhere',
    reason,
    sourceNext: null,
    targetNext: null,
    ...describeSight(undefined),
    lagRecords: null,
    lagSeconds: null,
    offsetsIdentical: false,
    counters: { ...counters },
    fault: null,
    heldBack: null,
  }
}

/** A flow that hears nothing does not run, whatever it was told last. */
function stateOf({ state, source }: Flow): FlowState {
  return state === 'running' && source.silenceMs() > SILENCE_MAX_MS ? 'recovering' : state
}

function describeState(flow: Flow): { state: FlowState; reason: string } {
  const state = stateOf(flow)
  if (state === flow.state) return { state, reason: flow.reason }
  const seconds = Math.round(flow.source.silenceMs() / 1000)
  return flow.hasRoom()
    ? { state, reason: `waiting: the source has not answered for ${seconds} s` }
    : { state, reason: `waiting: the target has not taken what was fetched for ${seconds} s` }
}

function describeFault({ stopped }: Flow, heldBack: HeldBack | undefined): FaultReport | null {
  if (stopped !== undefined) return reportFault(stopped)
  const fault = heldBack?.fault ?? undefined
  return fault === undefined ? null : reportFault({ fault, sinceMs: heldBack?.sinceMs ?? 0 })
}

function describeHeldBack({ producer, fault, ...heldBack }: HeldBack): HeldBackStatus {
  const { state, reason, transactionalId, openSinceMs, sinceMs } = heldBack
  const told = fault?.message ?? reason
  return { state, reason: told, producerId: producer?.producerId ?? null, transactionalId, openSinceMs, sinceMs }
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
    heldBackRecords: sight === undefined ? null : Math.max(0, sight.highWatermark - sight.stableEnd),
    observedAtMs: sight?.atMs ?? null,
  }
}
