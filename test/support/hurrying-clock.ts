import type { Clock, Timer } from '../../src/core/index.ts'

/** Time that passes only while everything waits for it: then it jumps to the next timer. */
export class HurryingClock implements Clock {
  #timeMs = 1_700_000_000_000
  #timers: { readonly atMs: number; readonly action: () => void }[] = []
  #isPending = false

  nowMs(): number {
    return this.#timeMs
  }

  monotonicMs(): number {
    return this.#timeMs
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = { atMs: this.#timeMs + Math.max(0, delayMs), action }
    this.#timers.push(timer)
    this.#hurry()
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((it) => it !== timer)
      },
    }
  }

  #hurry(): void {
    if (this.#isPending) return
    this.#isPending = true
    // Two turns of the event loop, so that what became possible with the last timer has happened.
    setImmediate(() => setImmediate(() => this.#jump()))
  }

  #jump(): void {
    this.#isPending = false
    const next = this.#timers.toSorted((one, other) => one.atMs - other.atMs)[0]
    if (next === undefined) return
    this.#timers = this.#timers.filter((it) => it !== next)
    this.#timeMs = Math.max(this.#timeMs, next.atMs)
    next.action()
    if (this.#timers.length > 0) this.#hurry()
  }
}
