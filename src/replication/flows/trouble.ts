import { type Fault, isFault } from '../../core/index.ts'
import { errorName, isRetriableCode, type ProducedPartition } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { FlowKey } from '../offset-map/index.ts'
import type { QueuedBatch } from './outgoing-queue.ts'
import type { RefusedRecord } from './plan-rules.ts'

/** What ends a run of a flow. */
export type Trouble =
  /** Find the position again in the same epoch: the high watermark tells what was appended. */
  | { readonly kind: 'recover'; readonly reason: string; readonly afterMs: number }
  /** The epoch's sequence can't go on: take the shard over again. */
  | { readonly kind: 'new-epoch'; readonly reason: string }
  /** The target does not take something in the batch, now or later. */
  | { readonly kind: 'refused'; readonly refused: RefusedBatch }
  | { readonly kind: 'stop'; readonly fault: Fault }
  /** Somebody else owns the shard, or nobody for the moment. */
  | { readonly kind: 'tenure-ended'; readonly reason: string }

export interface RefusedBatch {
  readonly batch: QueuedBatch
  readonly errorCode: number
  readonly error: string
  readonly detail: string
  /** Records that the broker named, by index. */
  readonly recordErrors: ProducedPartition['recordErrors']
}

/** It may well be appended: the answer even carries its base offset. */
export const REQUEST_TIMED_OUT = 7
export const CORRUPT_MESSAGE = 2
export const MESSAGE_TOO_LARGE = 10
export const RECORD_LIST_TOO_LARGE = 18
const INVALID_TIMESTAMP = 32
const INVALID_RECORD = 87
const DAMAGED_TRIES = 3
const TOPIC_AUTHORIZATION_FAILED = 29
const CLUSTER_AUTHORIZATION_FAILED = 31
export const OUT_OF_ORDER_SEQUENCE = 45
const INVALID_PRODUCER_EPOCH = 47
const UNKNOWN_PRODUCER_ID = 59
const UNKNOWN_TOPIC_ID = 100

/** What an error code of a produce answer means for the flow, as met on 4.3.1 brokers under faults. */
export function judgeRefusal(
  { targetTopic, partition }: FlowKey,
  batch: QueuedBatch,
  answer: ProducedPartition,
  fruitless = 0,
): Trouble {
  const reason = `${targetTopic}-${partition} answered ${errorName(answer.errorCode)}`
  switch (answer.errorCode) {
    case INVALID_PRODUCER_EPOCH:
      return { kind: 'tenure-ended', reason: `${reason}: a newer owner has fenced this one` }
    case UNKNOWN_PRODUCER_ID:
      return { kind: 'new-epoch', reason }
    case OUT_OF_ORDER_SEQUENCE:
    case REQUEST_TIMED_OUT:
      return { kind: 'recover', reason, afterMs: 100 }
    case TOPIC_AUTHORIZATION_FAILED:
    case CLUSTER_AUTHORIZATION_FAILED:
      return { kind: 'recover', reason, afterMs: 5_000 }
    case UNKNOWN_TOPIC_ID:
      return { kind: 'recover', reason, afterMs: 500 }
    default:
      break
  }
  // Damage on the way passes by; what is damaged at the source is refused each time.
  const isDamaged = answer.errorCode === CORRUPT_MESSAGE && fruitless >= DAMAGED_TRIES
  if (isRetriableCode(answer.errorCode) && !isDamaged) return { kind: 'recover', reason, afterMs: 100 }
  const error = errorName(answer.errorCode)
  const detail = answer.errorMessage ?? ''
  if (isDamaged || RECORD_CODES.has(answer.errorCode)) {
    const { errorCode, recordErrors } = answer
    return { kind: 'refused', refused: { batch, errorCode, error, detail, recordErrors } }
  }
  const fault = refusedFault({ targetTopic, partition }, { fromOffset: batch.sourceBase, error, detail })
  return { kind: 'stop', fault }
}

/** Why the flow goes no further than this source offset. */
export function refusedFault(
  { targetTopic, partition }: Pick<FlowKey, 'targetTopic' | 'partition'>,
  { fromOffset, error, detail }: Pick<RefusedRecord, 'fromOffset' | 'error' | 'detail'>,
): Fault {
  const facts = { targetTopic, partition, sourceOffset: fromOffset, error, detail }
  return replicationFaults.fault('FLOW_TARGET_REFUSED', facts)
}

/** What the source holds and nobody can copy, with its place. */
export function judgeUnreadable({ topic, partition }: FlowKey, fault: Fault): Trouble {
  if (fault.code !== 'RECORDS_OLD_FORMAT') return { kind: 'stop', fault }
  const { offset, magic } = fault.facts
  return { kind: 'stop', fault: replicationFaults.fault('FLOW_OLD_FORMAT', { topic, partition, offset, magic }, fault) }
}

/** What it means that a map entry, or what has to be written before it, was not written. */
export function judgeWriteAhead(error: unknown): Trouble {
  if (isFault(error, 'QUARANTINE_REFUSED')) return { kind: 'stop', fault: error }
  // The tenure lasts: without a pause the flow would begin anew under it at once, with a map entry each time.
  if (isFault(error)) return { kind: 'recover', reason: error.message, afterMs: 1_000 }
  return { kind: 'tenure-ended', reason: error instanceof Error ? error.message : 'the map entry was not written' }
}

/** What is at fault is a record, not the flow. */
const RECORD_CODES: ReadonlySet<number> = new Set([
  MESSAGE_TOO_LARGE,
  RECORD_LIST_TOO_LARGE,
  INVALID_TIMESTAMP,
  INVALID_RECORD,
])
