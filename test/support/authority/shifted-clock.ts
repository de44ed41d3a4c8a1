import { type Clock, systemClock } from '../../../src/core/index.ts'

/** A clock that runs as the system's does and shows something else: as that of another machine, or of later on. */
export class ShiftedClock implements Clock {
  readonly #wallShiftMs: number
  #monotonicShiftMs: number

  constructor({ wallShiftMs = 0, monotonicShiftMs = 0 } = {}) {
    this.#wallShiftMs = wallShiftMs
    this.#monotonicShiftMs = monotonicShiftMs
  }

  nowMs = () => systemClock.nowMs() + this.#wallShiftMs
  monotonicMs = () => systemClock.monotonicMs() + this.#monotonicShiftMs
  setTimer: Clock['setTimer'] = (delayMs, action, options) => systemClock.setTimer(delayMs, action, options)

  /** As if so much time had passed. */
  advance(byMs: number): void {
    this.#monotonicShiftMs += byMs
  }
}
