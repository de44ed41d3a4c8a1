import type { Clock } from '../../core/index.ts'
import type { FetchedPartition } from '../../kafka/index.ts'
import { LagClock } from './lag-clock.ts'

/** What the source last said about the partition. */
export interface SourceSight {
  readonly start: number
  readonly stableEnd: number
  readonly highWatermark: number
  /** Wall clock, for display. */
  readonly atMs: number
}

/** What is heard of a flow's source partition, and how long ago. */
export class SourceWatch {
  /** The source said that the topic is not there: what is known of it may belong to one that was deleted. */
  isGone = false
  readonly #clock: Clock
  readonly #lag = new LagClock()
  #sight: SourceSight | undefined
  #heardMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#heardMs = clock.monotonicMs()
  }

  get sight(): SourceSight | undefined {
    return this.#sight
  }

  /** Since the source was last heard, or since this began. */
  silenceMs(): number {
    return this.#clock.monotonicMs() - this.#heardMs
  }

  observe(fetched: FetchedPartition): void {
    const stableEnd = fetched.lastStableOffset >= 0 ? fetched.lastStableOffset : fetched.highWatermark
    const start = Math.max(fetched.logStartOffset, this.#sight?.start ?? 0)
    this.#sight = { start, stableEnd, highWatermark: fetched.highWatermark, atMs: this.#clock.nowMs() }
    this.#heardMs = this.#clock.monotonicMs()
    this.#lag.observe(stableEnd, this.#heardMs)
    this.isGone = false
  }

  lagMs(sourceDone: number): number {
    return this.#lag.lagMs(sourceDone, this.#clock.monotonicMs())
  }
}
