const SAMPLES_MAX = 64

/**
 * Turns observed ends of the source into a lag in seconds: how long ago the oldest offset that is not yet on the
 * target was first seen. Bounded: when full, every other sample is dropped, which makes the answer coarser: too small by at
 * most the distance of two samples.
 */
export class LagClock {
  #samples: { readonly end: number; readonly atMs: number }[] = []

  observe(end: number, atMs: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && last.end >= end) return
    if (this.#samples.length >= SAMPLES_MAX) this.#samples = this.#samples.filter((_, index) => index % 2 === 0)
    this.#samples.push({ end, atMs })
  }

  /** Milliseconds since the first offset at or above `copied` was seen; 0 when everything seen is copied. */
  lagMs(copied: number, nowMs: number): number {
    const first = this.#samples.findIndex((sample) => sample.end > copied)
    if (first < 0) {
      this.#samples = this.#samples.slice(-1)
      return 0
    }
    if (first > 0) this.#samples = this.#samples.slice(first)
    return Math.max(0, nowMs - (this.#samples[0]?.atMs ?? nowMs))
  }
}
