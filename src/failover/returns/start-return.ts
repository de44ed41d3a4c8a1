import type { ReturnRecord } from './return-record.ts'

/**
 * The record of a region that has to come back. It begins with the fence also where the standing one should hold: a
 * region that was away, or is ahead, is compared only behind a proof. One operation loses a region once, so that the two
 * names make the return's.
 */
export function startReturn(region: string, epoch: number, operation: string): ReturnRecord {
  return { id: `${operation}-${region}`, phase: 'fencing', attempt: 1, epoch, evidence: {} }
}
