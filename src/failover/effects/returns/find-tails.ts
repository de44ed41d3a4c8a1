import type { ForkedPartition, Moves } from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import { type ReturnCall, returnedOf } from './return-call.ts'

/** Partitions with anything behind the fork that an application could read. */
export async function findTails(call: ReturnCall, moves: Moves): Promise<readonly ForkedPartition[] | Outcome> {
  const { region, signal } = call
  const forking = await moves.returned.forks(returnedOf(call), signal)
  if (forking.kind === 'waiting') return forking
  const tails: ForkedPartition[] = []
  for (const one of forking.partitions) {
    if (one.end > one.fork && (await moves.returned.firstDiverged(region, one, signal)) !== undefined) tails.push(one)
  }
  return tails
}
