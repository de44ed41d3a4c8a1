import { type Clock, sleep } from '../../core/index.ts'

/** Keeps what several readers spend together under so many bytes a second, over spells of a quarter of a second. */
export class Pace {
  readonly #clock: Clock
  readonly #bytesPerMs: number
  #freeAtMs = 0

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerMs = bytesPerSecond / 1_000
  }

  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + bytes / this.#bytesPerMs
    const aheadMs = this.#freeAtMs - nowMs
    if (aheadMs > SPELL_MS) await sleep(this.#clock, aheadMs - SPELL_MS, signal)
  }
}

const SPELL_MS = 250
