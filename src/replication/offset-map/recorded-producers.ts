/**
 * Which producer epochs wrote a flow's target partition, and from which target offset on each of them did.
 * This tells whether a batch at the end of the partition is ours: its producer and epoch are the ones recorded for its
 * offset, and its sequence is in step with the start recorded there. One epoch can have several starts: every marker
 * that appears between its batches moves offsets on, but not sequences.
 */
import { isSameProducer, type Producer } from './entry.ts'

/** Sequences of a producer count up to here and begin again at 0. */
const SEQUENCE_LIMIT = 2 ** 31

export interface RecordedProducer extends Producer {
  /** Target offset that sequence 0 has. */
  readonly epochStart: number
  /** First target offset for which this holds. */
  readonly fromTarget: number
}

/** True where a batch with this base sequence, in an epoch with this start, belongs at this base offset. */
export function isInSequence(epochStart: number, baseOffset: number, baseSequence: number): boolean {
  return baseOffset >= epochStart && (baseOffset - epochStart) % SEQUENCE_LIMIT === baseSequence
}

const NONE: readonly RecordedProducer[] = []

export class RecordedProducers {
  #list: readonly RecordedProducer[] = NONE

  get list(): readonly RecordedProducer[] {
    return this.#list
  }

  note({ producerId, producerEpoch }: Producer, epochStart: number, fromTarget: number): void {
    const kept = this.#list.findLastIndex((recorded) => recorded.fromTarget < fromTarget) + 1
    if (kept < this.#list.length) this.#list = this.#list.slice(0, kept)
    const last = this.#list.at(-1)
    const isNew = last === undefined || last.epochStart !== epochStart
    if (isNew || !isSameProducer(last, { producerId, producerEpoch })) {
      // No room is kept for more.
      this.#list = this.#list.concat({ producerId, producerEpoch, epochStart, fromTarget })
    }
  }

  /** The start of this epoch as it holds at a target offset; undefined where another producer was in force there. */
  startOf(producer: Producer, targetOffset: number): number | undefined {
    const inForce = this.#list.findLast((recorded) => recorded.fromTarget <= targetOffset)
    return inForce !== undefined && isSameProducer(inForce, producer) ? inForce.epochStart : undefined
  }

  /**
   * Whether what stands at a target offset was there before the epoch that is on record for it: found to be a copy by
   * matching both logs, whoever wrote it.
   */
  isMatched(targetOffset: number): boolean {
    const inForce = this.#list.findLast((recorded) => recorded.fromTarget <= targetOffset)
    return inForce !== undefined && targetOffset < inForce.epochStart
  }

  /** Drops what only holds below a target offset. */
  forgetBelow(targetOffset: number): void {
    const inForce = this.#list.findLastIndex((recorded) => recorded.fromTarget <= targetOffset)
    if (inForce > 0) this.#list = this.#list.slice(inForce)
  }
}
