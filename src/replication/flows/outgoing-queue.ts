import type { PlannedBatch } from './plan-batches.ts'

/** Closed until the map entry in front of the batches is acknowledged. Gates of a run open in order. */
export interface Gate {
  isOpen: boolean
}

export interface QueuedBatch extends PlannedBatch {
  readonly gate: Gate
}

/** First in, first out, without moving the rest at each take. Its bytes are bounded by whoever fills it. */
export class OutgoingQueue {
  #items: (QueuedBatch | undefined)[] = []
  #head = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  push(batch: QueuedBatch): void {
    this.#items.push(batch)
    this.#bytes += batch.bytes.length
  }

  /** The next one, or one behind it. */
  peek(behind = 0): QueuedBatch | undefined {
    return this.#items[this.#head + behind]
  }

  take(): QueuedBatch | undefined {
    const batch = this.#items[this.#head]
    if (batch === undefined) return undefined
    // Its bytes are a view on a whole fetch answer, which must not stay in memory for it.
    this.#items[this.#head++] = undefined
    this.#bytes -= batch.bytes.length
    if (this.length === 0) {
      // Also gives back the room, of which tens of thousands of idle flows would hold much.
      this.#items.length = this.#head = 0
    } else if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return batch
  }

  /** Answers the bytes that were dropped. */
  clear(): number {
    const dropped = this.#bytes
    this.#items = []
    this.#head = 0
    this.#bytes = 0
    return dropped
  }
}
