/** Where the LZ4 and snappy decoders write: bounded as a whole, and per block by what the block may give. */

/** Thrown when output would grow over its limit; callers turn it into a fault that names the codec. */
export class TooLargeError extends Error {}

/** Below this, a loop over bytes beats a call into the engine. */
const SHORT_BYTES = 32

/** Grows by doubling, never beyond its limit. A decoder reserves, writes into `bytes`, and sets `length`. */
export class BlockOutput {
  bytes: Buffer
  length = 0
  readonly #limitBytes: number

  constructor(expectedBytes: number, limitBytes: number) {
    this.#limitBytes = limitBytes
    this.bytes = Buffer.allocUnsafe(Math.min(expectedBytes, limitBytes))
  }

  /** Makes room for `count` bytes behind `length`, as far as the limit allows. */
  reserve(count: number): void {
    const needed = Math.min(this.length + count, this.#limitBytes)
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, 2 * this.bytes.length), this.#limitBytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** Writes `input[start, end)` at `at`; returns the position behind it. */
  copyLiterals(input: Buffer, start: number, end: number, at: number): number {
    const { bytes } = this
    const stop = at + end - start
    if (stop > bytes.length) throw new TooLargeError()
    if (end - start <= SHORT_BYTES) {
      for (let from = start, to = at; from < end; ) bytes[to++] = input[from++]!
    } else {
      input.copy(bytes, at, start, end)
    }
    return stop
  }

  /** Writes `count` bytes at `at`, each equal to the one `distance` before it; returns the position behind them. */
  copyMatch(at: number, distance: number, count: number): number {
    const { bytes } = this
    const stop = at + count
    if (stop > bytes.length) throw new TooLargeError()
    if (count <= SHORT_BYTES) {
      for (let from = at - distance, to = at; to < stop; ) bytes[to++] = bytes[from++]!
      return stop
    }
    // A match may overlap itself: copy what is there, which doubles what the next step can copy.
    for (let to = at; to < stop; ) {
      const step = Math.min(distance + to - at, stop - to)
      bytes.copyWithin(to, at - distance, at - distance + step)
      to += step
    }
    return stop
  }

  contents(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
