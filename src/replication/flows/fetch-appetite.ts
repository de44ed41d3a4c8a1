const BYTES_MIN = 1024 * 1024
const BYTES_MAX = 16 * 1024 * 1024
/** An answer that took this long came from far away, or from a busy broker: more at a time costs it less. */
const FAR_MS = 40

/** What a fetch brought. */
export interface FetchOutcome {
  readonly askedBytes: number
  readonly receivedBytes: number
  /** Partitions that had at least half of what they may bring. */
  readonly fullPartitions: number
  readonly tookMs: number
}

/**
 * How much a fetch asks for. The next fetch of a partition can only be asked for when the last one is there, so over a
 * distance its rate is what a fetch brings, divided by the round trip: partitions that are full grow, up to 16 MiB
 * divided among them. Near brokers are asked for a mebibyte a partition, and answers come often.
 */
export class FetchAppetite {
  #wantedBytes = BYTES_MIN
  #partitionBytes = BYTES_MIN

  /** Of the whole answer; never less than of a partition. */
  get wantedBytes(): number {
    return this.#wantedBytes
  }

  get partitionBytes(): number {
    return this.#partitionBytes
  }

  note({ askedBytes, receivedBytes, fullPartitions, tookMs }: FetchOutcome): void {
    const isFar = fullPartitions > 0 && tookMs > FAR_MS
    const share = BYTES_MAX / Math.max(1, fullPartitions)
    this.#partitionBytes = isFar ? Math.max(BYTES_MIN, Math.min(share, this.#partitionBytes * 4)) : BYTES_MIN
    const isFull = receivedBytes * 2 > askedBytes
    const wanted = isFull ? Math.min(BYTES_MAX, this.#wantedBytes * 2) : BYTES_MIN
    this.#wantedBytes = Math.max(wanted, this.#partitionBytes)
  }
}

export const FETCH_BYTES_MIN = BYTES_MIN
