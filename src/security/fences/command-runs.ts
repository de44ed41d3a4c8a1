import { describeError, pause, type Timer, withSignal } from '../../core/index.ts'
import { askPermit, type FencePermit } from './permitted.ts'
import { type Program, type ProgramEnd, runProgram } from './run-program.ts'

export interface AskedRun {
  readonly group: string
  /** Two calls for the same purpose share one run. */
  readonly purpose: string
  readonly program: Program
  /** Asked before it starts and while it runs: it is stopped once the right to it has ended. */
  readonly permit: FencePermit | undefined
}

export type Joined =
  | ProgramEnd
  | { readonly kind: 'running'; readonly forMs: number }
  | { readonly kind: 'stopped'; readonly reason: string }

interface Run {
  readonly purpose: string
  readonly startedMs: number
  readonly ended: Promise<ProgramEnd | Extract<Joined, { kind: 'stopped' }>>
  permit: FencePermit | undefined
  stop(reason: string): void
}

const PERMIT_EVERY_MS = 500

/** Programs that run for a region: at most one for each group, and none against another one. */
export class CommandRuns {
  readonly #runs = new Map<string, Run>()

  /** Starts it, or goes on waiting for one that was started for the same purpose; its ending is told once. */
  async join(asked: AskedRun, waitMs: number, signal: AbortSignal): Promise<Joined> {
    const { group, purpose, program, permit } = asked
    if (permit !== undefined) askPermit(permit)
    const before = this.#runs.get(group)
    if (before !== undefined && before.purpose !== purpose) {
      before.stop(`${purpose} was asked for`)
      await withSignal(before.ended, signal)
      this.#forget(group, before)
      if (permit !== undefined) askPermit(permit)
    }
    const run = this.#runs.get(group) ?? this.#start(asked)
    run.permit = permit
    const { clock } = program
    const waited = pause(clock, waitMs, signal).then(() => undefined)
    const end = await Promise.race([run.ended, waited])
    signal.throwIfAborted()
    if (end === undefined) return { kind: 'running', forMs: Math.round(clock.monotonicMs() - run.startedMs) }
    this.#forget(group, run)
    return end
  }

  /** Ends every program that is under way. */
  async stop(reason: string): Promise<void> {
    const runs = [...this.#runs.values()]
    for (const run of runs) run.stop(reason)
    await Promise.all(runs.map(({ ended }) => ended))
  }

  #start({ group, purpose, program, permit }: AskedRun): Run {
    const { clock } = program
    const stopped = new AbortController()
    const stop = (reason: string) => stopped.abort(new Error(reason))
    let timer: Timer | undefined
    const watch = () => {
      try {
        run.permit?.()
        timer = clock.setTimer(PERMIT_EVERY_MS, watch)
      } catch (error) {
        stop(describeError(error))
      }
    }
    const ended = runProgram(program, stopped.signal)
      .catch((error: unknown) => ({ kind: 'stopped' as const, reason: describeError(error) }))
      .finally(() => timer?.cancel())
    const run: Run = { purpose, startedMs: clock.monotonicMs(), ended, permit, stop }
    this.#runs.set(group, run)
    timer = clock.setTimer(PERMIT_EVERY_MS, watch)
    return run
  }

  #forget(group: string, run: Run): void {
    if (this.#runs.get(group) === run) this.#runs.delete(group)
  }
}
