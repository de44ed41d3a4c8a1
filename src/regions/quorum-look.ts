import { type Clock, isFault } from '../core/index.ts'
import type { ControllerQuorum, ProbeChannel } from '../kafka/index.ts'
import { codeOf, reasonOf } from './broker-look.ts'
import { type Check, type ClockFinding, failed, ok, type QuorumFinding, unknown } from './sample.ts'
import { type Bound, within } from './within.ts'

export interface QuorumLook {
  readonly quorum: Check<QuorumFinding>
  /** By the clock of the active controller. */
  readonly clock: ClockFinding | undefined
}

/** Asks the active controller through one broker. A broker that does not reach it lets this run into its bound. */
export async function lookAtQuorum(
  bound: Omit<Bound, 'what'>,
  voterLagMs: number,
  open: (signal: AbortSignal) => Promise<ProbeChannel>,
): Promise<QuorumLook> {
  const { clock, signal } = bound
  let channel: ProbeChannel | undefined
  try {
    return await within({ ...bound, what: 'the look at the controller quorum' }, async (signal) => {
      channel = await open(signal)
      const timing = beginReading(clock)
      const quorum = await channel.describeQuorum()
      const leader = quorum.voters.find(({ nodeId }) => nodeId === quorum.leaderId)
      return { quorum: judgeVoters(quorum, voterLagMs), clock: leader && timing.read(leader.lastCaughtUpMs) }
    })
  } catch (error) {
    signal.throwIfAborted()
    return { quorum: withoutAnswer(error), clock: undefined }
  } finally {
    channel?.close()
  }
}

/** Pure. All times are of the leader's own clock, so it does not matter what the time is here. */
export function judgeVoters(quorum: ControllerQuorum, voterLagMs: number): Check<QuorumFinding> {
  const { leaderId, leaderEpoch, voters } = quorum
  const nowMs = voters.find(({ nodeId }) => nodeId === leaderId)?.lastCaughtUpMs
  if (leaderId < 0 || nowMs === undefined) return failed('NO_LEADER', 'it has no leader')
  const lagging = voters.filter(({ nodeId, lastFetchMs }) => nodeId !== leaderId && nowMs - lastFetchMs > voterLagMs)
  const idsOf = (replicas: typeof voters) => replicas.map(({ nodeId }) => nodeId)
  return ok({ leaderId, leaderEpoch, voters: idsOf(voters), lagging: idsOf(lagging) })
}

/** A cluster that keeps its metadata in ZooKeeper, or missing rights, say nothing about the quorum. */
function withoutAnswer(error: unknown): QuorumLook['quorum'] {
  if (isFault(error, 'KAFKA_VERSION_UNSUPPORTED')) return unknown('the cluster has no KRaft quorum')
  if (isFault(error, 'KAFKA_NOT_AUTHORIZED')) return unknown('the principal may not DESCRIBE the cluster')
  return failed(codeOf(error), reasonOf(error))
}

/** The other clock was read at some time between now and `read`; half of that time is what cannot be known. */
export function beginReading(clock: Clock): { read(theirMs: number): ClockFinding } {
  const startedMs = clock.nowMs()
  return {
    read(theirMs) {
      const endedMs = clock.nowMs()
      // Clocks count in whole milliseconds.
      return { offsetMs: theirMs - (startedMs + endedMs) / 2, uncertaintyMs: (endedMs - startedMs) / 2 + 1 }
    },
  }
}

/** The reading that is surely furthest off. */
export function worstReading(readings: readonly ClockFinding[]): ClockFinding | undefined {
  const surely = ({ offsetMs, uncertaintyMs }: ClockFinding) => Math.abs(offsetMs) - uncertaintyMs
  return readings.toSorted((one, other) => surely(other) - surely(one))[0]
}
