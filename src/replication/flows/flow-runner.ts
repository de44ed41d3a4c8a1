import { backoffMs, describeError, eitherSignal, Fault, pause, type Random, unreachable } from '../../core/index.ts'
import { type MatchingContext, resumeOrMatch } from '../matching/resume-or-match.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow, FlowStart } from './flow.ts'
import type { Lanes } from './lanes.ts'
import { learnFromRefusal } from './learn-refusal.ts'
import { recoverFlow } from './position.ts'
import type { Releases } from './releases.ts'
import type { Trouble } from './trouble.ts'

const RETRY_DELAYS = { firstMs: 100, mostMs: 5_000 }

export interface FlowRunnerContext extends MatchingContext {
  readonly random: Random
  /** Where the flow's shard gives its tenures. */
  readonly shard: { tenure(signal: AbortSignal): Promise<Tenure> }
  readonly lanes: Lanes
  /** The flow has a position and may be fetched. */
  onRunning(flow: Flow): void
  onRecovering(flow: Flow, reason: string): void
  onStopped(flow: Flow, fault: Fault): void
  /** Where the flow waits, once stopped, until somebody has done what lets it go on. */
  readonly releases: Releases
}

/**
 * Supervises one flow: finds its position, lets it run until the first trouble, waits until nothing is in flight,
 * and goes on as the trouble says. A flow that stopped waits until it is released, or until its tenure ends: what lets it
 * go on may be done where the shard is next. Returns when the signal aborts; never throws.
 */
export async function runFlow(flow: Flow, context: FlowRunnerContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const tenure = await context.shard.tenure(signal).catch((error: unknown) => {
      if (!signal.aborted) flow.show('recovering', describeError(error))
    })
    if (tenure === undefined) return
    tenure.enter(flow)
    const either = eitherSignal(signal, tenure.letGo)
    const released = context.releases.count(flow.spec.key)
    try {
      await runUnderTenure(flow, tenure, context, either.signal)
    } finally {
      either.release()
      tenure.leave(flow)
    }
    if (flow.state === 'stopped') await untilReleased(flow, released, context, { signal, letGo: tenure.letGo })
  }
}

async function untilReleased(
  flow: Flow,
  released: number,
  context: FlowRunnerContext,
  { signal, letGo }: { readonly signal: AbortSignal; readonly letGo: AbortSignal },
): Promise<void> {
  const either = eitherSignal(signal, letGo)
  await context.releases.until(flow.spec.key, released, either.signal).catch(() => undefined)
  either.release()
  if (!signal.aborted) flow.show('starting', 'going on')
}

async function runUnderTenure(
  flow: Flow,
  tenure: Tenure,
  context: FlowRunnerContext,
  signal: AbortSignal,
): Promise<void> {
  let findStart = () => attempt(flow, context, signal, () => resumeOrMatch(flow, tenure, context, signal))
  while (!signal.aborted) {
    const start = await findStart()
    if (start === undefined) return
    const trouble = await run(flow, tenure, start, context, signal)
    switch (trouble.kind) {
      case 'stop':
        stop(flow, trouble.fault, context)
        return
      case 'refused':
        await attempt(flow, context, signal, () =>
          learnFromRefusal(flow, trouble.refused, { target: context.target, tenure }, signal),
        )
        if (flow.stopped !== undefined) return
        findStart = () => attempt(flow, context, signal, () => untilRecovered(flow, tenure, context, signal))
        break
      case 'tenure-ended':
        flow.show('recovering', trouble.reason)
        return
      case 'new-epoch':
        tenure.end({ kind: 'restart', reason: trouble.reason })
        return
      case 'recover':
        await pauseBeforeRecovery(flow, trouble, context, signal)
        findStart = () => attempt(flow, context, signal, () => untilRecovered(flow, tenure, context, signal))
        break
      default:
        unreachable(trouble)
    }
  }
}

/** Longer from try to try while nothing is acknowledged, so that a lasting refusal costs neither side much. */
async function pauseBeforeRecovery(
  flow: Flow,
  trouble: { readonly reason: string; readonly afterMs: number },
  context: FlowRunnerContext,
  signal: AbortSignal,
): Promise<void> {
  const backoff = flow.isTroubled ? backoffMs(RETRY_DELAYS, flow.fruitless, context.random) : 0
  const waitMs = Math.max(trouble.afterMs, backoff)
  if (waitMs > 100) flow.show('recovering', trouble.reason)
  context.onRecovering(flow, trouble.reason)
  await pause(context.clock, waitMs, signal)
}

/** One run, from its start until nothing of it is in flight any more. */
async function run(
  flow: Flow,
  tenure: Tenure,
  start: FlowStart,
  context: FlowRunnerContext,
  signal: AbortSignal,
): Promise<Trouble> {
  const lane = await attempt(flow, context, signal, () => context.lanes.laneFor(flow))
  if (lane === undefined) return { kind: 'tenure-ended', reason: 'stopping' }
  const onAbort = () => flow.end({ kind: 'tenure-ended', reason: describeError(signal.reason) })
  flow.begin(tenure, start, lane)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  context.onRunning(flow)
  const trouble = await flow.untilTrouble()
  signal.removeEventListener('abort', onAbort)
  await flow.untilSettled()
  return trouble
}

/** Tries again until it succeeds. Undefined: the signal aborted, or the flow stopped with a fault that is not retriable. */
async function attempt<Result>(
  flow: Flow,
  context: FlowRunnerContext,
  signal: AbortSignal,
  step: () => Promise<Result>,
): Promise<Result | undefined> {
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await step()
    } catch (error) {
      if (signal.aborted) return undefined
      if (error instanceof Fault && !error.retriable && STOPPING.has(error.code)) {
        stop(flow, error, context)
        return undefined
      }
      const reason = describeError(error)
      flow.show('recovering', `waiting: ${reason}`)
      context.onRecovering(flow, reason)
      await pause(context.clock, backoffMs(RETRY_DELAYS, tries, context.random), signal)
      await context.target.metadata([flow.spec.key.targetTopic], signal).catch(() => undefined)
    }
  }
  return undefined
}

/** Faults of the flow itself; anything else that goes wrong may pass by and is tried again. */
const STOPPING: ReadonlySet<string> = new Set([
  'FLOW_TARGET_NOT_EMPTY',
  'FLOW_DIVERGED',
  'FLOW_RETENTION_GAP',
  'FLOW_SOURCE_RECREATED',
  'FLOW_SOURCE_TRUNCATED',
  'FLOW_TARGET_REBUILT',
  'FLOW_TARGET_REFUSED',
  'QUARANTINE_REFUSED',
  'FLOW_MAP_CONTRADICTS',
  'FLOW_MAP_LOST',
  'FLOW_MATCH_REFUSED',
  'RECORDS_OLD_FORMAT',
  'RECORDS_CORRUPT',
  'MAP_FORMAT_UNKNOWN',
  'MAP_ENTRY_DAMAGED',
])

async function untilRecovered(
  flow: Flow,
  tenure: Tenure,
  context: FlowRunnerContext,
  signal: AbortSignal,
): Promise<FlowStart> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted()
    const recovery = await recoverFlow(flow, tenure, context, signal)
    if ('sourceNext' in recovery) return recovery
    if ('newEpoch' in recovery) {
      tenure.end({ kind: 'restart', reason: recovery.newEpoch })
      signal.throwIfAborted()
    } else {
      if (tries > 3) flow.show('recovering', `waiting: ${recovery.waiting}`)
      await pause(context.clock, backoffMs({ firstMs: 20, mostMs: 1_000 }, tries, context.random), signal)
    }
  }
}

function stop(flow: Flow, fault: Fault, context: FlowRunnerContext): void {
  flow.stop(fault)
  context.onStopped(flow, fault)
}
