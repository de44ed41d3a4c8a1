import { runLoop } from '../../core/index.ts'
import { type DrillDesk, drillId, type DrillOrder } from './drill-desk.ts'
import { DrillRunner, type DrillRunnerOptions } from './drill-runner.ts'
import { makeDrillEffects } from './effects/drill-effects.ts'
import type { DrillRooms } from './effects/drill-rooms.ts'
import { type DueDrill, type DrillSchedule, findDue } from './schedule.ts'
import { isFault, pause } from '../../core/index.ts'

export interface DrillControllerOptions extends Omit<DrillRunnerOptions, 'effects'> {
  readonly desk: DrillDesk
  readonly rooms: DrillRooms
  readonly schedules: readonly DrillSchedule[]
  /** How often a group without a drill is looked at, milliseconds. */
  readonly idleMs: number
}

/** How often it is looked whether a drill is due. */
const LOOK_EVERY_MS = 10_000

/** What one controller does for the drills of one failover group: those that run, and those that are due. */
export class DrillController {
  readonly #options: DrillControllerOptions
  readonly #stopping = new AbortController()
  readonly #effects: DrillRunnerOptions['effects']
  #loops: Promise<unknown> | undefined

  constructor(options: DrillControllerOptions) {
    this.#options = options
    this.#effects = makeDrillEffects(options.rooms)
  }

  start(): void {
    const { clock, idleMs, pollMs, events, group } = this.#options
    const { signal } = this.#stopping
    const onError = (error: unknown) => events.emit('failover:error', { group, what: 'drill', error })
    const runner = new DrillRunner({ ...this.#options, effects: this.#effects })
    this.#loops ??= Promise.all([
      runLoop(runner, { clock, signal, everyMs: idleMs, afterErrorMs: pollMs, onError }),
      this.#followSchedules(onError),
    ])
  }

  /** Ends between two passes; a drill that runs is left to whoever leads next. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#loops
    await this.#effects.release()
  }

  async #followSchedules(onError: (error: unknown) => void): Promise<void> {
    const { schedules, clock, leadership } = this.#options
    const { signal } = this.#stopping
    if (schedules.length === 0) return
    let lookedMs = clock.nowMs()
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal)
      if (signal.aborted) return
      const nowMs = clock.nowMs()
      const due = findDue(schedules, lookedMs, nowMs)
      // A clock that was set back makes nothing due twice: the id of an occurrence is the same.
      lookedMs = nowMs
      if (leadership.hold() !== undefined) continue
      for (const one of due) await this.#begin(one).catch(onError)
    }
  }

  /** What is due and may not run now goes on record as skipped. */
  async #begin({ schedule, at, skipped }: DueDrill): Promise<void> {
    const { desk, group, clock } = this.#options
    const { signal } = this.#stopping
    const { name, level, region, stayMs } = schedule
    const order: DrillOrder = {
      id: drillId(group, `schedule ${name} ${at}`),
      level,
      region,
      by: `schedule ${name}`,
      reason: `due at ${at}`,
      at: new Date(clock.nowMs()).toISOString(),
      stayMs,
      schedule: name,
    }
    try {
      if (skipped === undefined) await desk.order(order, signal)
      else await this.#skip(order, skipped)
    } catch (error) {
      if (!isFault(error) || error.code === 'AUTHORITY_UNAVAILABLE') throw error
      await this.#skip(order, error.code === 'DRILL_NOT_APPROVED' ? `not approved: ${error.message}` : error.message)
    }
  }

  async #skip(order: DrillOrder, reason: string): Promise<void> {
    const { desk, store, leadership, events, group } = this.#options
    const { signal } = this.#stopping
    const lease = leadership.lease()
    if (lease === undefined) return
    const drill = await desk.skipped(order, reason, signal)
    await store.keepEnded(drill, lease, signal)
    const { id, level } = drill
    events.emit('drill:ended', { group, drill: id, level, outcome: 'skipped', reason, measured: null })
  }
}
