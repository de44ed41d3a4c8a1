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
    const released = context.releases.count(flow.spec.key)
    const ends = { signal, letGo: tenure.letGo }
    try {
      let trouble: Trouble | undefined
      while (await begin(flow, tenure, context, { trouble, ...ends })) trouble = await untilTrouble(flow, ends)
    } finally {
      tenure.leave(flow)
    }
    if (flow.state === 'stopped') await untilReleased(flow, released, context, ends)
  }
}

/** What ends the runs of a flow under a tenure. */
interface Ends {
  readonly signal: AbortSignal
  readonly letGo: AbortSignal
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

/** Finds a position and begins a run there, after what ended the one before; false where the flow lets go of the tenure. */
async function begin(
  flow: Flow,
  tenure: Tenure,
  context: FlowRunnerContext,
  { trouble, signal: stopped, letGo }: Ends & { readonly trouble: Trouble | undefined },
): Promise<boolean> {
  // Only while it is on its way: a signal of its own is dear, and the runs of tens of thousands of flows last.
  const { signal, release } = eitherSignal(stopped, letGo)
  try {
    if (trouble !== undefined && !(await getOver(flow, tenure, trouble, context, signal))) return false
    const findStart = trouble === undefined ? resumeOrMatch : untilRecovered
    const start = await attempt(flow, context, signal, () => findStart(flow, tenure, context, signal))
    if (start === undefined) return false
    const lane = await attempt(flow, context, signal, () => context.lanes.laneFor(flow))
    if (lane === undefined) return false
    flow.begin(tenure, start, lane)
    context.onRunning(flow)
    return true
  } finally {
    release()
  }
}

/** Does what has to be done before the next run; false where there will be none under this tenure. */
async function getOver(
  flow: Flow,
  tenure: Tenure,
  trouble: Trouble,
  context: FlowRunnerContext,
  signal: AbortSignal,
): Promise<boolean> {
  switch (trouble.kind) {
    case 'stop':
      stop(flow, trouble.fault, context)
      return false
    case 'refused':
      await attempt(flow, context, signal, () =>
        learnFromRefusal(flow, trouble.refused, { target: context.target, tenure }, signal),
      )
      return flow.stopped === undefined && !signal.aborted
    case 'tenure-ended':
      flow.show('recovering', trouble.reason)
      return false
    case 'new-epoch':
      tenure.end({ kind: 'restart', reason: trouble.reason })
      return false
    case 'recover':
      await pauseBeforeRecovery(flow, trouble, context, signal)
      return !signal.aborted
    default:
      return unreachable(trouble)
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

/** Until the run ends, and nothing of it is in flight any more. Keeps as little as it can while it waits. */
function untilTrouble(flow: Flow, { signal, letGo }: Ends): Promise<Trouble> {
  const onAbort = () => {
    const { reason } = signal.aborted ? signal : letGo
    flow.end({ kind: 'tenure-ended', reason: describeError(reason) })
  }
  signal.addEventListener('abort', onAbort, { once: true })
  letGo.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted || letGo.aborted) onAbort()
  return flow.untilTrouble().then(async (trouble) => {
    signal.removeEventListener('abort', onAbort)
    letGo.removeEventListener('abort', onAbort)
    await flow.untilSettled()
    return trouble
  })
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
  'FLOW_CLOSED',
  'FLOW_TURN_REFUSED',
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
