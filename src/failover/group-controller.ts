import { runLoop } from '../core/index.ts'
import { type AutomaticPorts, AutomaticRunner } from './automatic/automatic-runner.ts'
import type { AutomaticDecision } from './automatic/decide-automatic.ts'
import { MoveRunner } from './moves/move-runner.ts'
import type { MoveEffects, ReturnEffects } from './ports.ts'
import { ReturnRunner } from './returns/return-runner.ts'
import { type RunnerOptions, RunnerParts } from './runner-parts.ts'

export interface GroupControllerOptions extends RunnerOptions {
  readonly regions: readonly string[]
  readonly effects: MoveEffects
  readonly returns: ReturnEffects
  /** What decides about moves that nobody asked for. @defaultValue nothing */
  readonly automatic?: AutomaticPorts
}

/** What one controller does for one failover group: its moves, and the return of each of its regions. */
export class GroupController {
  readonly #options: GroupControllerOptions
  readonly #stopping = new AbortController()
  readonly #parts: RunnerParts
  readonly #automatic: AutomaticRunner | undefined
  #loops: Promise<unknown> | undefined

  constructor(options: GroupControllerOptions) {
    this.#options = options
    this.#parts = new RunnerParts(options)
    this.#automatic = options.automatic && new AutomaticRunner(this.#parts, options.automatic)
  }

  start(): void {
    if (this.#loops !== undefined) return
    const { regions, effects, returns, clock, events, group, pollMs, idleMs } = this.#options
    const parts = this.#parts
    const loop = (what: string) => ({
      clock,
      signal: this.#stopping.signal,
      everyMs: idleMs,
      afterErrorMs: pollMs,
      onError: (error: unknown) => events.emit('failover:error', { group, what, error }),
    })
    this.#loops = Promise.all([
      runLoop(new MoveRunner(parts, effects), loop('move')),
      ...(this.#automatic === undefined ? [] : [runLoop(this.#automatic, loop('automatic mode'))]),
      ...regions.map((region) => runLoop(new ReturnRunner(parts, region, returns), loop(`return of ${region}`))),
    ])
  }

  /** What is made of the group's mode now; undefined where nothing decides by itself. */
  automatic(): AutomaticDecision | undefined {
    return this.#automatic?.decision
  }

  /** Ends between two passes; an operation that runs is left to whoever leads next. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loops
  }

  /** Whether nothing that it sent may still arrive. */
  isQuiet(): boolean {
    return this.#parts.isQuiet()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
