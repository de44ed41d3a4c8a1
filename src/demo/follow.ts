import type { FailoverGroupBody } from '../api/contract/index.ts'
import { type Clock, describeError, pause } from '../core/index.ts'
import type { createWorkloadClient, SensorWorkload } from '../local/index.ts'

type Client = ReturnType<typeof createWorkloadClient>

/** A move of the workload from one region to another. */
export interface Landing {
  readonly from: string
  readonly to: string
  readonly epoch: number
}

export interface FollowerOptions {
  /** Asks the controller about the group; undefined where there is no answer. */
  readonly readGroup: (signal: AbortSignal) => Promise<FailoverGroupBody | undefined>
  readonly workload: Pick<SensorWorkload, 'start' | 'stop'>
  readonly clientOf: (region: string) => Client
  /** Where the workload runs at first. */
  readonly home: string
  readonly clock: Clock
  readonly say: (line: string) => void
  /** Between the end in the old region and the start in the new one. */
  readonly onLanding?: (landing: Landing, signal: AbortSignal) => Promise<void>
}

const LOOK_EVERY_MS = 500

/**
 * What a deployment's tooling does: it sees which region is active, and moves the applications there. They leave the old
 * region as soon as the move is committed, and start in the new one when it takes writes.
 */
export class Follower {
  readonly #options: FollowerOptions
  #group: FailoverGroupBody | undefined
  #region: string
  #isRunning = true

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#region = options.home
  }

  /** As last seen; undefined before the first answer. */
  get group(): FailoverGroupBody | undefined {
    return this.#group
  }

  /** Where the workload runs, or ran last. */
  get region(): string {
    return this.#region
  }

  /** Whether the workload runs in the region that takes writes. */
  get isSettled(): boolean {
    return this.#isRunning && this.#group?.active === this.#region && isOpen(this.#group)
  }

  /** Until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, say } = this.#options
    let told = ''
    while (!signal.aborted) {
      const trouble = await this.#look(signal).then(
        () => '',
        (error: unknown) => describeError(error),
      )
      if (trouble !== '' && trouble !== told && !signal.aborted) say(`The sensor fleet does not get on: ${trouble}`)
      told = trouble
      await pause(clock, LOOK_EVERY_MS, signal)
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { readGroup, workload, clientOf, onLanding, say } = this.#options
    const group = (this.#group = (await readGroup(signal)) ?? this.#group)
    if (group === undefined || (group.active === this.#region && this.#isRunning)) return
    if (this.#isRunning) {
      this.#isRunning = false
      await workload.stop()
    }
    if (!isOpen(group)) return
    const landing = { from: this.#region, to: group.active, epoch: group.epoch }
    await onLanding?.(landing, signal)
    await workload.start(clientOf(group.active), signal)
    this.#region = group.active
    this.#isRunning = true
    say(`The sensor fleet and its analytics run in ${group.active} now.`)
  }
}

/** Before that, the new active region still refuses what applications write. */
function isOpen({ operation }: FailoverGroupBody): boolean {
  return operation === null || !['promoting', 'opening'].includes(operation.phase)
}
