import { pause } from '../../../core/index.ts'
import type { ForkedPartition, Moves } from '../../../replication/index.ts'
import { failoverFaults } from '../../faults.ts'
import type { Outcome } from '../../outcome.ts'
import {
  type DivergenceEvidence,
  nameOf,
  type PlannedReseed,
  planReseed,
  unpackDivergence,
} from './divergence-evidence.ts'
import { withTails } from './find-tails.ts'
import { onLogs, type ReturnCall, returnedOf, untilOf } from './return-call.ts'

const POLL_MS = 300

/**
 * Makes room for the copy of what diverged: partitions are emptied, or their topic is deleted where all of it goes. The
 * link then copies it again. Nothing goes that a person has not seen: records that were not there at the scan stop it, and
 * so do those below the fork that the active region lacks.
 */
export async function reseed(call: ReturnCall): Promise<Outcome> {
  const { rooms, region, record, signal } = call
  const { divergence, choice } = record
  if (divergence !== undefined && divergence.onlyHere > 0 && choice?.losesOlder !== true) {
    throw failoverFaults.fault('RETURN_LOSES_OLDER', { region, records: divergence.onlyHere })
  }
  const found = await call.evidenceOf('scanning')
  const seen = found === undefined ? undefined : unpackDivergence(found)
  return await onLogs(call, async (moves) => {
    const untilMs = untilOf(call)
    let [topics, partitions] = [0, 0]
    for (;;) {
      const forking = await moves.returned.forks(returnedOf(call), signal)
      if (forking.kind === 'waiting') return forking
      const plans = planReseed(forking.partitions, await findDiverged(call, moves, forking.partitions, seen))
      if (plans.length === 0) {
        return {
          kind: 'done',
          reason: `${topics} topics and ${partitions} partitions of ${region} are to be copied again`,
        }
      }
      for (const plan of plans) {
        if (plan.isWhole) topics++
        else partitions += plan.partitions.length
        await carryOut(call, moves, plan)
      }
      if (rooms.clock.monotonicMs() >= untilMs)
        return { kind: 'waiting', reason: `${plans.length} topics are being emptied` }
      await pause(rooms.clock, POLL_MS, signal)
      signal.throwIfAborted()
    }
  })
}

/** Partitions that hold something behind the fork. Fault RETURN_TAIL_CHANGED. */
async function findDiverged(
  call: ReturnCall,
  moves: Moves,
  forked: readonly ForkedPartition[],
  seen: DivergenceEvidence | undefined,
): Promise<ReadonlySet<string>> {
  const ends = new Map(
    seen?.topics.flatMap(({ topic, rows }) =>
      rows.map(([partition, , to]) => [nameOf({ topic, partition }), to] as const),
    ),
  )
  const isEverythingListed = seen !== undefined && seen.rowsLeftOut === 0
  const tails = await withTails(call, moves, forked)
  // What stands behind the ends that the scan saw, where it is known which those were.
  const unseen = tails.flatMap((one) => {
    const seenTo = ends.get(nameOf(one)) ?? (isEverythingListed ? one.fork : undefined)
    return seenTo === undefined ? [] : [{ ...one, fork: Math.max(one.fork, seenTo) }]
  })
  const [changed] = await withTails(call, moves, unseen)
  if (changed !== undefined) {
    const { region } = call
    throw failoverFaults.fault('RETURN_TAIL_CHANGED', { partition: nameOf(changed), region, offset: changed.fork })
  }
  return new Set(tails.map(nameOf))
}

async function carryOut(call: ReturnCall, moves: Moves, plan: PlannedReseed): Promise<void> {
  const { rooms, region, active, record, signal } = call
  const { topic, topicId, isWhole, partitions } = plan
  if (!isWhole) return await moves.returned.emptyPartitions(region, topic, partitions, signal)
  const { name: link, source } = rooms.linkOf(active, region)
  const reason = `${region} came back with records that ${active} lacks: ${record.choice?.by} chose ${record.choice?.kind}`
  const sourceTopicId = partitions[0]?.active?.ref.topicId ?? ''
  const by = record.id
  await moves.returned.deleteTopic(region, { topic, topicId, link, source, sourceTopicId, reason, by }, signal)
}
