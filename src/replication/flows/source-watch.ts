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

/** When a source broker last answered. In a fetch session its silence about a partition says that nothing has changed. */
export interface Hearing {
  monotonicMs: number
  /** Wall clock. */
  atMs: number
}

/** What is heard of a flow's source partition, and how long ago. */
export class SourceWatch {
  /** The source said that the topic is not there: what is known of it may belong to one that was deleted. */
  isGone = false
  readonly #clock: Clock
  readonly #lag = new LagClock()
  /** One object for good: it is looked at more often than it changes. */
  #sight: { -readonly [Name in keyof SourceSight]: number } | undefined
  #heardMs: number
  #hearing: Hearing | undefined
  #isAwaited = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#heardMs = clock.monotonicMs()
  }

  get sight(): SourceSight | undefined {
    if (this.#sight !== undefined) this.#sight.atMs = Math.max(this.#sight.atMs, this.#hearing?.atMs ?? 0)
    return this.#sight
  }

  /** Since the source was last heard, or since an answer is owed. */
  silenceMs(): number {
    return this.#clock.monotonicMs() - Math.max(this.#heardMs, this.#hearing?.monotonicMs ?? 0)
  }

  observe(fetched: FetchedPartition): void {
    const stableEnd = fetched.lastStableOffset >= 0 ? fetched.lastStableOffset : fetched.highWatermark
    const start = Math.max(fetched.logStartOffset, this.#sight?.start ?? 0)
    this.#sight = { start, stableEnd, highWatermark: fetched.highWatermark, atMs: this.#clock.nowMs() }
    this.#heardMs = this.#clock.monotonicMs()
    this.#lag.observe(stableEnd, this.#heardMs)
    this.isGone = false
  }

  /** An answer is owed from now on: what went before, such as a takeover, was not the source's silence. */
  expect(): void {
    if (!this.#isAwaited) this.#heardMs = this.#clock.monotonicMs()
    this.#isAwaited = true
  }

  /** From now on what is known holds for as long as the broker answers at all; to be called with an answer. */
  follow(hearing: Hearing): void {
    this.#hearing = hearing
  }

  /** The broker is no longer asked: what was heard until now grows old. */
  unfollow(): void {
    if (this.#hearing === undefined) return
    this.#heardMs = Math.max(this.#heardMs, this.#hearing.monotonicMs)
    if (this.#sight !== undefined) this.#sight.atMs = Math.max(this.#sight.atMs, this.#hearing.atMs)
    this.#hearing = undefined
  }

  lagMs(sourceDone: number): number {
    return this.#lag.lagMs(sourceDone, this.#clock.monotonicMs())
  }
}
