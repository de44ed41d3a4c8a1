import type { ForkedPartition, Moves } from '../../../replication/index.ts'
import { failoverFaults } from '../../faults.ts'
import type { Outcome } from '../../outcome.ts'
import { nameOf } from './divergence-evidence.ts'
import { findTails } from './find-tails.ts'
import { onLogs, type ReturnCall } from './return-call.ts'

/** Leaves what only the region has where it is: the copy goes on behind it, and its map says what stands there. */
export async function keep(call: ReturnCall): Promise<Outcome> {
  return await onLogs(call, async (moves: Moves) => {
    const { rooms, region, active, record, signal } = call
    const tails = await findTails(call, moves)
    if ('kind' in tails) return tails
    const loose = tails.find(isLoose)
    if (loose !== undefined) {
      const reason = `no copy that has ended ties it to ${active}`
      throw failoverFaults.fault('RETURN_CANNOT_KEEP', { partition: nameOf(loose), region, reason })
    }
    await moves.returned.keepTails(rooms.linkOf(active, region), tails, record.id, signal)
    return { kind: 'done', reason: `${tails.length} partitions of ${region} keep what they have of their own` }
  })
}

function isLoose({ tie, active }: ForkedPartition): boolean {
  return tie === undefined || active === undefined
}
