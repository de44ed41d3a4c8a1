/**
 * Keeps a session with a region: opens it, opens it again after a crash, and closes it for good at `stop`, within a
 * bound even where the region does not answer any more.
 */
import type { Kafka } from 'kafkajs'
import { backoffMs, type Clock, describeError, pause, type Random } from '../../core/index.ts'
import { workloadFaults } from './faults.ts'

export interface ClientSession {
  /** Must not throw. */
  close(): Promise<void>
}

export interface SessionKeeperOptions {
  /** For messages. */
  readonly part: string
  readonly clock: Clock
  readonly random: Random
  /** Leaves nothing open where it throws. `crashed` is called when the session ended by itself. */
  open(kafka: Kafka, crashed: (error: unknown) => void): Promise<ClientSession>
  onError(error: unknown): void
}

interface Run {
  readonly kafka: Kafka
  readonly stopping: AbortController
  session: ClientSession | undefined
  /** Opening, reopening: one after the other. */
  work: Promise<void>
}

const REOPEN_DELAYS = { firstMs: 200, mostMs: 2_000 }
const CLOSE_WITHIN_MS = 5_000

export class SessionKeeper {
  readonly #options: SessionKeeperOptions
  #run: Run | undefined

  constructor(options: SessionKeeperOptions) {
    this.#options = options
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  async start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    const { part } = this.#options
    if (this.#run !== undefined) throw workloadFaults.fault('WORKLOAD_RUNNING', { part })
    const run: Run = { kafka, stopping: new AbortController(), session: undefined, work: Promise.resolve() }
    this.#run = run
    const opened = this.#open(run)
    run.work = opened.catch(() => undefined)
    try {
      await opened
      signal?.throwIfAborted()
    } catch (error) {
      await this.stop()
      signal?.throwIfAborted()
      throw workloadFaults.fault('WORKLOAD_UNREACHABLE', { part, problem: describeError(error) }, error)
    }
  }

  /** Waits at most 5 s for an orderly end. */
  async stop(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    run.stopping.abort()
    await this.#within(run.work.then(() => run.session?.close()))
  }

  async #open(run: Run): Promise<void> {
    let hasCrashed = false
    run.session = await this.#options.open(run.kafka, (error) => {
      if (hasCrashed) return
      hasCrashed = true
      this.#options.onError(error)
      this.#queueReopen(run)
    })
  }

  #queueReopen(run: Run): void {
    run.work = run.work.then(() => this.#reopen(run))
  }

  async #reopen(run: Run): Promise<void> {
    const { clock, random } = this.#options
    const { signal } = run.stopping
    for (let attempt = 1; !signal.aborted; attempt++) {
      const { session } = run
      run.session = undefined
      if (session !== undefined) await this.#within(session.close())
      await pause(clock, backoffMs(REOPEN_DELAYS, attempt, random), signal)
      if (signal.aborted) return
      try {
        return await this.#open(run)
      } catch (error) {
        this.#options.onError(error)
      }
    }
  }

  async #within(closed: Promise<unknown>): Promise<void> {
    const patience = new AbortController()
    await Promise.race([closed, pause(this.#options.clock, CLOSE_WITHIN_MS, patience.signal)])
    patience.abort()
  }
}
