import type { HealthTimings } from './options.ts'

/**
 * Whether this observer may trust itself. A process that was frozen, or a machine that was suspended or had its clock
 * set, has samples that say more about itself than about any region. Pure: `Observer` in `observer-watch.ts` ticks.
 */
export interface ObserverState {
  /** Both clocks at the newest tick. */
  readonly monotonicMs: number
  readonly wallMs: number
  readonly doubt: Doubt | undefined
}

export interface Doubt {
  /** A sentence. */
  readonly reason: string
  /** Monotonic time of the newest disturbance. */
  readonly atMs: number
}

export interface Tick {
  readonly monotonicMs: number
  readonly wallMs: number
}

type ObserverLimits = Pick<HealthTimings, 'stallMs' | 'clockJumpMs' | 'doubtMs'>

/** Clocks are read at least this often while nothing disturbs the process. */
export const TICK_MS = 500

export function beginObserver({ monotonicMs, wallMs }: Tick): ObserverState {
  return { monotonicMs, wallMs, doubt: undefined }
}

export function foldObserver(before: ObserverState, tick: Tick, limits: ObserverLimits): ObserverState {
  const ranMs = tick.monotonicMs - before.monotonicMs
  const jumpedMs = tick.wallMs - before.wallMs - ranMs
  const reason = disturbance(ranMs, jumpedMs, limits)
  const at = { monotonicMs: tick.monotonicMs, wallMs: tick.wallMs }
  if (reason !== undefined) return { ...at, doubt: { reason, atMs: tick.monotonicMs } }
  const isOver = before.doubt !== undefined && tick.monotonicMs - before.doubt.atMs >= limits.doubtMs
  return { ...at, doubt: isOver ? undefined : before.doubt }
}

function disturbance(ranMs: number, jumpedMs: number, limits: ObserverLimits): string | undefined {
  if (ranMs > TICK_MS + limits.stallMs) return `this process did not run for ${seconds(ranMs)} s`
  if (Math.abs(jumpedMs) <= limits.clockJumpMs) return undefined
  // A suspended machine stops the monotonic clock, and finds its wall clock ahead when it goes on.
  const what = jumpedMs > 0 ? 'went ahead' : 'went back'
  return `the clock of this machine ${what} by ${seconds(Math.abs(jumpedMs))} s, or the machine was suspended`
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}
