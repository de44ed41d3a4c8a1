import { pause } from '../../../core/index.ts'
import type { DrainStatus, Goal, MovedLink, Moves } from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import { startCopy } from '../group-rooms.ts'
import { findSilent } from '../log-effects.ts'
import { firstOf } from '../outcomes.ts'
import { nameOf } from './divergence-evidence.ts'
import { onLogs, type ReturnCall, untilOf } from './return-call.ts'

const POLL_MS = 200

/**
 * Starts the link from the active region and waits until the region holds what the active one held when it was asked.
 * Where nothing has diverged nothing is copied again: the flows turn.
 */
export async function rejoin(call: ReturnCall): Promise<Outcome> {
  const { rooms, region, active, signal } = call
  const link = rooms.linkOf(active, region)
  await startCopy(call, { source: active, target: region })
  return await onLogs(call, async (moves) => {
    const untilMs = untilOf(call)
    const partitions = await moves.partitions(active, rooms.topics, signal)
    const ends = await moves.ends(active, partitions, signal)
    const silent = findSilent(active, ends)
    if (silent !== undefined) return silent
    // What is open on the active region is not copied before it is committed.
    const goals = ends.map(({ topic, partition, stableEnd: cut }) => ({ topic, partition, cut }))
    for (;;) {
      const stopped = moves.returned.stoppedFlow(link, goals)
      if (stopped !== undefined) {
        // So that it is tried anew when the return is resumed.
        await rooms.replicator.stopLink(link.name, stopped.message, signal)
        throw stopped
      }
      const left = await findLeft(moves, link, goals, signal)
      if (left.length === 0) return { kind: 'done', reason: `${region} holds all of ${active}, and follows it` }
      if (rooms.clock.monotonicMs() >= untilMs) return waitingFor(region, left, goals.length)
      await pause(rooms.clock, POLL_MS, signal)
      signal.throwIfAborted()
    }
  })
}

async function findLeft(
  moves: Moves,
  link: MovedLink,
  goals: readonly Goal[],
  signal: AbortSignal,
): Promise<readonly DrainStatus[]> {
  return (await moves.drain(link, goals, signal)).filter(({ reason }) => reason !== undefined)
}

function waitingFor(region: string, left: readonly DrainStatus[], total: number): Outcome {
  const reason = firstOf(left.map((one) => `${nameOf(one)}: ${one.reason}`))
  const progress = { done: total - left.length, total }
  return { kind: 'waiting', reason: `${region} catches up: ${reason}`, progress }
}
