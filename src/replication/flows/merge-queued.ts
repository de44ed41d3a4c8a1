import { type BatchIdentity, mergeBatches } from '../../kafka/index.ts'
import type { OutgoingQueue, QueuedBatch } from './outgoing-queue.ts'

/** A batch of this size or more is worth a request of its own. */
const SMALL_BYTES = 32 * 1024
/** What a merge makes at most. Brokers take 1 MiB unless told otherwise, and a merge blocks everything else. */
const MERGED_BYTES_MAX = 512 * 1024

export interface MergeRules {
  /** Who writes: the first record's sequence comes from the batch. */
  identityAt(targetOffset: number): BatchIdentity
  /** Largest batch that the target takes, where that is known. */
  readonly limitBytes: number | undefined
}

/**
 * Takes the next batch, and with it the small ones that wait behind it and may be sent too, as one. Nothing ever waits
 * for more to merge with. Their places on the target are known and follow each other, so that the map stays as it is.
 */
export function takeMerged(queue: OutgoingQueue, rules: MergeRules): QueuedBatch | undefined {
  const limitBytes = Math.min(MERGED_BYTES_MAX, rules.limitBytes ?? MERGED_BYTES_MAX)
  const small: QueuedBatch[] = []
  let bytes = 0
  for (let at = 0; ; at++) {
    const batch = queue.peek(at)
    if (batch === undefined || !batch.gate.isOpen || batch.bytes.length >= SMALL_BYTES) break
    bytes += batch.bytes.length
    if (bytes > limitBytes) break
    small.push(batch)
  }
  const first = queue.take()
  if (first === undefined || small.length < 2) return first
  const merged = mergeBatches(
    small.map((batch) => batch.bytes),
    { identity: rules.identityAt(first.targetBase), limitBytes },
  )
  if (merged === undefined) return first
  let last = first
  let sourceBatches = first.sourceBatches
  for (let rest = merged.mergedCount - 1; rest > 0; rest--) {
    last = queue.take() ?? last
    sourceBatches += last.sourceBatches
  }
  return {
    ...first,
    bytes: merged.batch,
    recordCount: merged.recordCount,
    sourceEnd: last.sourceEnd,
    sourceBatches,
    fate: 'merged',
  }
}
