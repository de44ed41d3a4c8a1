import {
  type Clock,
  describeError,
  type Events,
  isFault,
  type Pass,
  type RegionName,
  runLoop,
  withSignal,
  withTimeLimit,
} from '../../core/index.ts'
import type { SecurityEvents } from '../events.ts'
import { decideGate, type GateDecision, type GatePosition, type GateSight, type GateWish } from './decide-gate.ts'
import type { GateDoor } from './gate-door.ts'

/**
 * The listeners of one region for clients, opened and closed by programs of the operator or a NetworkPolicy. Every look
 * asks the authority anew; a program that is under way is stopped when its opposite is wanted. Nothing here ends a fence or
 * stands for one.
 */
export interface RegionGateOptions {
  readonly region: RegionName
  readonly door: GateDoor
  /** What the authority says of the region now; undefined where it does not say. Faults: it does not answer. */
  readonly ask: (signal: AbortSignal) => Promise<GateWish | undefined>
  readonly clock: Clock
  readonly events: Events<SecurityEvents>
}

export interface GateStatus {
  readonly region: RegionName
  readonly position: GatePosition
  /** Whether brokers may start: it has a position, or is to be as it is. */
  readonly isSettled: boolean
  /** Why it is to be so, and what keeps it from that. */
  readonly reason: string
  /** Since when it has had this position, milliseconds since 1970. */
  readonly sinceMs: number
}

/** With the two of them an end of a reign is seen within two seconds, also where the authority is slow. */
const LOOK_EVERY_MS = 500
const ASK_MS = 1_500
const CHECK_EVERY_MS = 2_000
const AFTER_FAILURE_MS = 1_000

export class RegionGate {
  readonly #options: RegionGateOptions
  readonly #stopping = new AbortController()
  readonly #startedMs: number
  #position: GatePosition = 'unknown'
  #sinceMs: number
  #reason = 'the agent has just started'
  #trouble: string | undefined
  #said: GateWish | undefined
  #warned: string | undefined
  #checkedMs = 0
  #running: Promise<void> | undefined

  constructor(options: RegionGateOptions) {
    this.#options = options
    this.#startedMs = options.clock.monotonicMs()
    this.#sinceMs = options.clock.nowMs()
  }

  start(): void {
    const { clock } = this.#options
    const { signal } = this.#stopping
    const onError = (error: unknown) => this.#fail(describeError(error), 'Report it.')
    const loop = { clock, signal, everyMs: LOOK_EVERY_MS, afterErrorMs: AFTER_FAILURE_MS, onError }
    this.#running ??= runLoop<GateSight, GateDecision>(
      { observe: (signal) => this.#look(signal), decide: decideGate, act: (decision) => this.#act(decision, signal) },
      loop,
    )
  }

  /** Leaves the gate as it is; a program that is under way is ended. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'))
    await this.#running
    await this.#options.door.stop('the agent stops')
  }

  status(): GateStatus {
    const reason = this.#trouble === undefined ? this.#reason : `${this.#reason}; ${this.#trouble}`
    const isSettled = this.#position !== 'unknown' || this.#said?.want === 'as-is'
    return { region: this.#options.region, position: this.#position, isSettled, reason, sinceMs: this.#sinceMs }
  }

  async #look(signal: AbortSignal): Promise<GateSight> {
    const said = await this.#ask(signal)
    if (said !== undefined) this.#warn(said.warning)
    this.#said = said ?? this.#said
    const sinceStartMs = this.#options.clock.monotonicMs() - this.#startedMs
    return { position: this.#position, said: this.#said, isFresh: said !== undefined, sinceStartMs }
  }

  /** Undefined where there is no answer in time. */
  async #ask(signal: AbortSignal): Promise<GateWish | undefined> {
    const { ask, clock } = this.#options
    const over = new Error('no answer in time')
    const limit = { clock, limitMs: ASK_MS, signal, late: () => over }
    try {
      return await withTimeLimit(limit, (inTime) => withSignal(ask(inTime), inTime))
    } catch (error) {
      signal.throwIfAborted()
      if (error === over || isFault(error)) return undefined
      throw error
    }
  }

  async #act({ action, reason }: GateDecision, signal: AbortSignal): Promise<Pass> {
    this.#reason = reason
    if (action === 'leave') return await this.#check(signal)
    if (this.#said === undefined) this.#warn(`the gate of ${this.#options.region} is closed: ${reason}`)
    // Until it has ended nobody can tell.
    this.#enter('unknown')
    const step = await this.#options.door.run(action, LOOK_EVERY_MS, signal)
    if (step.kind === 'running') return { kind: 'again', reason }
    if (step.kind === 'failed') {
      const { message, remedy } = step.fault
      this.#fail(message, remedy)
      return { kind: 'wait', afterMs: AFTER_FAILURE_MS, reason: message }
    }
    this.#trouble = undefined
    this.#checkedMs = this.#options.clock.monotonicMs()
    this.#enter(step.position)
    this.#options.events.emit('gate:moved', { region: this.#options.region, to: step.position, reason })
    return { kind: 'done', reason }
  }

  /** Something else than the agent may have moved it, as a machine that starts again does. */
  async #check(signal: AbortSignal): Promise<Pass> {
    const { door, clock, region, events } = this.#options
    const done: Pass = { kind: 'done', reason: this.#reason }
    const isDue = clock.monotonicMs() - this.#checkedMs >= CHECK_EVERY_MS
    if (!door.hasCheck || this.#position === 'unknown' || !isDue) return done
    const step = await door.run('check', LOOK_EVERY_MS, signal)
    if (step.kind === 'running') return { kind: 'again', reason: this.#reason }
    this.#checkedMs = clock.monotonicMs()
    if (step.kind === 'failed') {
      this.#fail(step.fault.message, step.fault.remedy)
      return done
    }
    this.#trouble = undefined
    if (step.position === this.#position) return done
    this.#enter(step.position)
    events.emit('gate:found', { region, position: step.position })
    return { kind: 'again', reason: `it was found ${step.position}` }
  }

  #enter(position: GatePosition): void {
    if (position === this.#position) return
    this.#position = position
    this.#sinceMs = this.#options.clock.nowMs()
  }

  /** Once, for as long as it holds. */
  #warn(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.#warned) {
      this.#options.events.emit('gate:warned', { region: this.#options.region, reason })
    }
    this.#warned = reason
  }

  #fail(reason: string, remedy: string): void {
    if (reason === this.#trouble) return
    this.#trouble = reason
    this.#options.events.emit('gate:failed', { region: this.#options.region, reason, remedy })
  }
}
