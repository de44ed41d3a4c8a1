import { type Clock, describeError, pause } from '../core/index.ts'
import type { FailoverEventBus } from './events.ts'
import type { AuthorityPort, Lease } from './ports.ts'

/**
 * Whether this process may act. It may from `settleMs` after its lease began, so that whatever the holder before it had
 * under way has arrived, until the lease could have ended: counted on this process's own monotonic clock from when the
 * last renewal that succeeded was sent. No other clock is compared with.
 */
export interface LeadershipOptions {
  readonly authority: AuthorityPort
  readonly clock: Clock
  readonly events: FailoverEventBus
  readonly name: string
  readonly holder: string
  readonly ttlMs: number
  /** The longest that a call of an effect may be under way, and a late arrival beyond that. */
  readonly settleMs: number
  /** Why this process does not trust itself, such as a stall or a jump of its clock; undefined where it does. */
  readonly doubt?: () => string | undefined
  /** Whether nothing that this process sent may still arrive: only then is the lease given back at the end. */
  readonly isQuiet?: () => boolean
}

interface Tenure {
  readonly lease: Lease
  readonly beganMs: number
  readonly settleMs: number
  readonly renewedMs: number
}

/** Clocks run at slightly different rates. */
const DRIFT_SHARE = 0.1
/** What giving the lease back may take at the end of the process. */
const RELEASE_WITHIN_MS = 2_000

export class Leadership {
  readonly #options: LeadershipOptions
  readonly #stopping = new AbortController()
  #tenure: Tenure | undefined
  #loop: Promise<void> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Ends the tenure; the lease is given back, if nothing is under way, so that another process need not wait. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Undefined where this process may act now; else why not. */
  hold(): string | undefined {
    const { clock, doubt } = this.#options
    const nowMs = clock.monotonicMs()
    const doubts = doubt?.()
    if (doubts !== undefined) return `this controller does not trust itself: ${doubts}`
    if (this.#tenure === undefined || nowMs >= this.#endsMs(this.#tenure))
      return 'another controller leads, or none yet'
    const settlesInMs = this.#tenure.beganMs + this.#tenure.settleMs - nowMs
    return settlesInMs > 0
      ? `calls of an earlier leader may arrive for another ${Math.ceil(settlesInMs)} ms`
      : undefined
  }

  /** The lease to act under; undefined while `hold` has a reason. */
  lease(): Lease | undefined {
    return this.hold() === undefined ? this.#tenure?.lease : undefined
  }

  /** The store has refused the token. */
  forfeit(reason: string): void {
    this.#enter(undefined, reason)
  }

  #endsMs({ renewedMs }: Tenure): number {
    return renewedMs + this.#options.ttlMs * (1 - DRIFT_SHARE)
  }

  async #run(): Promise<void> {
    const { clock, ttlMs } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#renewOrAcquire(signal)
      await pause(clock, ttlMs / 3, signal)
    }
    const lease = this.#tenure?.lease
    this.#tenure = undefined
    const isQuiet = this.#options.isQuiet?.() ?? true
    if (lease !== undefined && isQuiet) await this.#release(lease)
  }

  /** What cannot be released ends by itself. */
  async #release(lease: Lease): Promise<void> {
    const { authority, clock, events, name } = this.#options
    const limit = new AbortController()
    const timer = clock.setTimer(RELEASE_WITHIN_MS, () => limit.abort())
    try {
      await authority.release(lease, limit.signal)
    } catch (error) {
      events.emit('lead:lost', { name, reason: `not released: ${describeError(error)}` })
    } finally {
      timer.cancel()
    }
  }

  async #renewOrAcquire(signal: AbortSignal): Promise<void> {
    const { authority, clock, name, holder, ttlMs } = this.#options
    const sentMs = clock.monotonicMs()
    const tenure = this.#tenure
    try {
      if (tenure === undefined) {
        const lease = await authority.acquire(name, holder, ttlMs, signal)
        if (lease === undefined) return
        const settleMs = lease.isFresh ? 0 : this.#options.settleMs
        this.#enter({ lease, beganMs: clock.monotonicMs(), settleMs, renewedMs: sentMs }, 'acquired')
        return
      }
      const isHeld = await authority.renew(tenure.lease, signal)
      if (this.#tenure?.lease !== tenure.lease) return
      this.#enter(isHeld ? { ...tenure, renewedMs: sentMs } : undefined, 'the store gave the lease to another holder')
    } catch (error) {
      if (signal.aborted || this.#tenure === undefined) return
      if (clock.monotonicMs() >= this.#endsMs(this.#tenure)) this.#enter(undefined, describeError(error))
    }
  }

  #enter(next: Tenure | undefined, reason: string): void {
    const { events, name } = this.#options
    const was = this.#tenure
    this.#tenure = next
    if (was === undefined && next !== undefined) events.emit('lead:gained', { name, token: next.lease.token })
    if (was !== undefined && next === undefined) events.emit('lead:lost', { name, reason })
  }
}
