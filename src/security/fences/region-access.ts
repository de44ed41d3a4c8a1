import { type Clock, isFault, mayPass, type RegionName, withSignal, withTimeLimit } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'

/** The part of a cluster that fences use. */
export type FenceCluster = Pick<
  Cluster,
  | 'metadata'
  | 'describeAcls'
  | 'createAcls'
  | 'deleteAcls'
  | 'describeTopicConfigs'
  | 'describeBrokerConfigs'
  | 'alterTopicConfigs'
  | 'describeProducers'
  | 'openChannel'
>

/** One region, as Isthmus's own principal reaches it. */
export interface RegionAccess {
  readonly region: RegionName
  readonly cluster: FenceCluster
  readonly clock: Clock
  readonly timings: FenceTimings
}

export interface FenceTimings {
  /**
   * Bound of one call; its outcome is unknown after that. Several times what the client allows one broker for a request,
   * so that a frozen broker does not keep the others from being asked. @defaultValue 8000
   */
  readonly callMs: number
  /** How long each broker is waited for when all are asked, or when another one may be asked. @defaultValue 1500 */
  readonly lookMs: number
  /** How long one attempt waits until every broker has a change in force. @defaultValue 10000 */
  readonly settleMs: number
  /**
   * How long a lifted fence is watched for a call that comes into force late (seen after 25 s), where a broker that may
   * hold one is away. @defaultValue 3600000
   */
  readonly quietMs: number
  /** How long one attempt waits for a command of the operator to end. @defaultValue 2000 */
  readonly commandMs: number
  /** How long a fence waits for one call about its record. @defaultValue 1000 */
  readonly recordMs: number
  /** How long records are left alone after one that failed. @defaultValue 3000 */
  readonly recordPauseMs: number
}

export const DEFAULT_TIMINGS: FenceTimings = {
  callMs: 8_000,
  lookMs: 1_500,
  settleMs: 10_000,
  quietMs: 3_600_000,
  commandMs: 2_000,
  recordMs: 1_000,
  recordPauseMs: 3_000,
}

/**
 * For the clients that fences are given, and for those only: a broker that is silent for longer is passed over for
 * another one. What takes its time, such as a coordinator that loads, needs a client of its own.
 */
export const FENCE_REQUEST_TIMEOUT_MS = 2_000

/** One call within `callMs`; fault `FENCE_CALL_TIMED_OUT`, and then the answer is ignored. */
export async function callBounded<Result>(
  { region, clock, timings }: Pick<RegionAccess, 'region' | 'clock' | 'timings'>,
  what: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<Result>,
  afterMs = timings.callMs,
): Promise<Result> {
  const late = () => securityFaults.fault('FENCE_CALL_TIMED_OUT', { region, what, afterMs })
  return await withTimeLimit({ clock, limitMs: afterMs, signal, late }, (inTime) => withSignal(call(inTime), inTime))
}

/** True where the call may have been carried out, or may still be: everything but a clear refusal. */
export function isUndecided(error: unknown): boolean {
  return isFault(error) && mayPass(error)
}

/** The protocol code that a fault was made of. */
export function codeOf(error: unknown): number | undefined {
  const code = isFault(error) ? error.facts['code'] : undefined
  return typeof code === 'number' ? code : undefined
}
