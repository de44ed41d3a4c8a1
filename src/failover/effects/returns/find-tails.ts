import type { ForkedPartition, Moves } from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import { type ReturnCall, returnedOf } from './return-call.ts'

const LOOKS_AT_ONCE = 32

/** Partitions with anything behind the fork that an application could read. */
export async function findTails(call: ReturnCall, moves: Moves): Promise<readonly ForkedPartition[] | Outcome> {
  const forking = await moves.returned.forks(returnedOf(call), call.signal)
  return forking.kind === 'waiting' ? forking : await withTails(call, moves, forking.partitions)
}

/** In the order in which they came. */
export async function withTails(
  { region, signal }: ReturnCall,
  moves: Moves,
  forked: readonly ForkedPartition[],
): Promise<ForkedPartition[]> {
  const found = new Set<ForkedPartition>()
  const queue = forked.filter(({ fork, end }) => end > fork).values()
  const worker = async () => {
    for (const one of queue) {
      if ((await moves.returned.firstDiverged(region, one, signal)) !== undefined) found.add(one)
    }
  }
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, worker))
  return forked.filter((one) => found.has(one))
}
