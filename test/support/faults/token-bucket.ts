/** A rate in bytes a second: says how long to wait before sending. A quarter of a second's worth may go at once. */
export class TokenBucket {
  readonly #bytesPerSecond: number
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Milliseconds until these bytes may go, for bytes taken in the order of the calls. */
  take(bytes: number, nowMs: number): number {
    const startMs = Math.max(this.#nextMs, nowMs - BURST_MS)
    this.#nextMs = startMs + (bytes * 1_000) / this.#bytesPerSecond
    return Math.max(0, this.#nextMs - nowMs)
  }
}

const BURST_MS = 250
