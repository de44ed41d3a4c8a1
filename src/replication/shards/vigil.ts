import type { Clock, Timer } from '../../core/index.ts'

/** A process that did not get to run for this long may have lost its shards meanwhile. */
const STALL_MS = 10_000
const TICK_MS = 1_000

/**
 * Notices that this process was frozen, or its machine suspended: then nothing may be sent before the coordinator has
 * confirmed that the producer ids and epochs are still ours. Needed because a fence is not for ever: a broker forgets
 * the producers of a quiet partition after a day, and with them who was fenced out (measured).
 */
export class Vigil {
  readonly #clock: Clock
  readonly #onStall: (stalledMs: number) => void
  #lastMonotonicMs: number
  #lastWallMs: number
  #timer: Timer | undefined

  constructor(clock: Clock, onStall: (stalledMs: number) => void) {
    this.#clock = clock
    this.#onStall = onStall
    this.#lastMonotonicMs = clock.monotonicMs()
    this.#lastWallMs = clock.nowMs()
  }

  start(): void {
    const tick = () => {
      this.check()
      this.start()
    }
    this.#timer = this.#clock.setTimer(TICK_MS, tick, { keepAlive: false })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Cheap; also to be called right before something is sent, since sockets may be served before timers. */
  check(): void {
    const monotonicMs = this.#clock.monotonicMs()
    const wallMs = this.#clock.nowMs()
    // A suspended machine stops the monotonic clock, but not the wall clock.
    const stalledMs = Math.max(monotonicMs - this.#lastMonotonicMs, wallMs - this.#lastWallMs)
    this.#lastMonotonicMs = monotonicMs
    this.#lastWallMs = wallMs
    if (stalledMs > STALL_MS) this.#onStall(stalledMs)
  }
}
