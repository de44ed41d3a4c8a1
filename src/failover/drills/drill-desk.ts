import { createHash } from 'node:crypto'
import type { RegionName } from '../../core/index.ts'
import { failoverFaults } from '../faults.ts'
import type { GroupDesk } from '../group-desk.ts'
import type { JournalPort } from '../ports.ts'
import { type GroupDocument, regionEntry } from '../state.ts'
import type { DrillApproval, DrillDocument, DrillLevel, DrillOutcome, DrillRecord } from './drill-document.ts'
import type { DrillStore } from './drill-store.ts'
import { isInterruptible } from './drill-steps.ts'
import { type ComingDrill, type DrillSchedule, listComing } from './schedule.ts'

export interface DrillOrder {
  /** Chosen by the caller, so that an order that is sent twice is one drill; see `drillId`. */
  readonly id: string
  readonly level: DrillLevel
  /** Undefined: the standby that ranks best. */
  readonly region: RegionName | undefined
  readonly by: string
  readonly reason: string
  readonly at: string
  readonly stayMs: number
  readonly schedule?: string
}

export interface DrillDeskOptions {
  readonly group: string
  /** Ranked. */
  readonly regions: readonly RegionName[]
  readonly objectives: DrillDocument['objectives']
  readonly store: DrillStore
  readonly journal: JournalPort
  readonly desk: Pick<GroupDesk, 'read'>
  /** Of the canary group; undefined where the group has none. */
  readonly canary: Pick<GroupDesk, 'read'> | undefined
  /** By which drills begin without being asked for; they are told, and followed elsewhere. @defaultValue none */
  readonly schedules?: readonly DrillSchedule[]
}

export interface DrillList {
  readonly running: DrillDocument | undefined
  /** The newest first. */
  readonly ended: readonly DrillDocument[]
  /** Undefined where none is valid. */
  readonly approval: (DrillApproval & { readonly untilMs: number }) | undefined
  readonly schedules: readonly { readonly schedule: DrillSchedule; readonly coming: readonly ComingDrill[] }[]
}

const APPROVED_FOR_MS = 24 * 60 * 60_000
const TRIES_MOST = 5
/** Of each schedule, in what is shown. */
const COMING_MOST = 5

/** The same for the same key, whichever controller is asked. */
export function drillId(group: string, key: string): string {
  return `${group}-drill-${createHash('sha256').update(`${group}\n${key}`).digest('hex').slice(0, 16)}`
}

export function isDrillOf(group: string, id: string): boolean {
  return id.startsWith(`${group}-drill-`) && /^[0-9a-f]{16}$/.test(id.slice(`${group}-drill-`.length))
}

/** Takes the requests of people and schedules about the drills of a group: any controller can, whether it leads or not. */
export class DrillDesk {
  readonly #options: DrillDeskOptions

  constructor(options: DrillDeskOptions) {
    this.#options = options
  }

  /** Puts a drill in for whoever leads. The same order sent again finds its drill, however that ended. */
  async order(order: DrillOrder, signal: AbortSignal): Promise<DrillDocument> {
    const { store, group } = this.#options
    const before = await store.find(order.id, signal)
    if (before !== undefined) return before
    const running = await store.running(signal)
    if (running !== undefined) {
      const { id: drill, level, phase } = running.drill
      throw failoverFaults.fault('DRILL_RUNNING', { group, level, drill, phase })
    }
    const approval = order.level === 'full' ? await this.#approved(order.at, signal) : undefined
    const drill = await this.#prepare(order, approval, signal)
    const { id, by, level, reason } = order
    await this.#tell({ actor: by, operation: id, reason: `${level} drill of ${drill.region}: ${reason}` }, signal)
    const written = await store.change(undefined, drill, undefined, signal)
    if (written === undefined) {
      const winner = await store.running(signal)
      if (winner?.drill.id === id) return winner.drill
      throw failoverFaults.fault('AUTHORITY_UNAVAILABLE', { reason: 'another drill was ordered at the same moment' })
    }
    if (approval !== undefined) await store.setApproval(null, signal)
    return written.drill
  }

  /** Pure but for reading: how a drill would begin that ends at once because it is not to run. */
  async skipped(order: DrillOrder, reason: string, signal: AbortSignal): Promise<DrillDocument> {
    const { document } = await this.#options.desk.read(signal)
    const region = order.region ?? this.#standbyOf(document) ?? document.active
    const outcome: DrillOutcome = { kind: 'skipped', reasons: [reason] }
    const steps = [{ phase: 'done' as const, at: order.at, reason }]
    return { ...this.#documentOf(order, { from: document.active, region }), phase: 'done', steps, outcome }
  }

  /** Fault DRILL_ENDED where only its clean-up is left. */
  async abort(id: string, by: string, reason: string, signal: AbortSignal): Promise<void> {
    const { store, group } = this.#options
    for (let attempt = 1; attempt <= TRIES_MOST; attempt++) {
      const running = await store.running(signal)
      const drill = running?.drill.id === id ? running.drill : await this.find(id, signal)
      if (running === undefined || !isInterruptible(drill)) {
        throw failoverFaults.fault('DRILL_ENDED', { drill: id, phase: drill.phase })
      }
      if (drill.abort !== undefined) return
      await this.#tell({ actor: by, operation: id, reason: `abort: ${reason}` }, signal)
      if ((await store.change(running, { ...drill, abort: { by, reason } }, undefined, signal)) !== undefined) return
    }
    throw failoverFaults.fault('AUTHORITY_UNAVAILABLE', { reason: `the drill of ${group} is being changed by others` })
  }

  /** Lets one drill of the level `full` begin within 24 hours. */
  async approve(approval: DrillApproval, signal: AbortSignal): Promise<void> {
    const { by, reason } = approval
    await this.#tell({ actor: by, reason: `approve a full drill: ${reason}` }, signal)
    await this.#options.store.setApproval(approval, signal)
  }

  /** Fault DRILL_NOT_FOUND. */
  async find(id: string, signal: AbortSignal): Promise<DrillDocument> {
    const { store, group } = this.#options
    const found = await store.find(id, signal)
    if (found === undefined) throw failoverFaults.fault('DRILL_NOT_FOUND', { group, drill: id })
    return found
  }

  /** The drill that is under way; undefined where none is. */
  async running(signal: AbortSignal): Promise<DrillDocument | undefined> {
    return (await this.#options.store.running(signal))?.drill
  }

  async record(id: string, signal: AbortSignal): Promise<DrillRecord> {
    return await this.#options.store.record(await this.find(id, signal), signal)
  }

  async list(nowMs: number, signal: AbortSignal): Promise<DrillList> {
    const { store, schedules = [] } = this.#options
    const [running, ended, approval] = await Promise.all([
      store.running(signal),
      store.history(signal),
      store.approval(signal),
    ])
    const untilMs = approval === undefined ? 0 : Date.parse(approval.at) + APPROVED_FOR_MS
    return {
      running: running?.drill,
      ended: ended.filter(({ id }) => id !== running?.drill.id),
      approval: approval !== undefined && nowMs < untilMs ? { ...approval, untilMs } : undefined,
      schedules: schedules.map((schedule) => ({ schedule, coming: listComing(schedule, COMING_MOST) })),
    }
  }

  async #approved(at: string, signal: AbortSignal): Promise<DrillApproval> {
    const { group } = this.#options
    const { approval } = await this.list(Date.parse(at), signal)
    if (approval === undefined) throw failoverFaults.fault('DRILL_NOT_APPROVED', { group })
    const { by, reason, at: givenAt } = approval
    return { by, reason, at: givenAt }
  }

  async #prepare(order: DrillOrder, approval: DrillApproval | undefined, signal: AbortSignal): Promise<DrillDocument> {
    const { group, desk, canary } = this.#options
    const { document } = await desk.read(signal)
    const { paused, operation } = document
    if (paused !== undefined)
      throw failoverFaults.fault('GROUP_PAUSED', { group, by: paused.by, reason: paused.reason })
    if (operation !== undefined) {
      const { kind, id, phase } = operation
      throw failoverFaults.fault('OPERATION_RUNNING', { group, kind, operation: id, phase })
    }
    if (order.level === 'canary' && canary === undefined) throw failoverFaults.fault('DRILL_NO_CANARY', { group })
    const moved = order.level === 'canary' && canary !== undefined ? (await canary.read(signal)).document : document
    const region = order.region ?? this.#standbyOf(moved)
    const refuse = (to: string, reason: string) =>
      failoverFaults.fault('TARGET_NOT_ELIGIBLE', { region: to, group: moved.group, reason })
    if (region === undefined) throw refuse('any', 'none of its regions is a standby')
    const role = regionEntry(moved, region)?.role
    if (role !== 'standby') throw refuse(region, role === undefined ? 'it is no region of the group' : `it is ${role}`)
    const drill = this.#documentOf(order, { from: moved.active, region })
    return approval === undefined ? drill : { ...drill, approval }
  }

  #documentOf(
    { id, level, by, reason, at, stayMs, schedule }: DrillOrder,
    { from, region }: Pick<DrillDocument, 'from' | 'region'>,
  ): DrillDocument {
    const { group, objectives } = this.#options
    return {
      format: 1,
      id,
      group,
      level,
      from,
      region,
      request: { by, reason, at, stayMs, ...(schedule !== undefined && { schedule }) },
      phase: 'requested',
      attempt: 1,
      steps: [{ phase: 'requested', at, reason }],
      objectives,
      moves: [],
      parts: {},
      leftovers: [],
    }
  }

  #standbyOf(document: GroupDocument): RegionName | undefined {
    return this.#options.regions.find((region) => regionEntry(document, region)?.role === 'standby')
  }

  async #tell(
    { actor, operation, reason }: { readonly actor: string; readonly operation?: string; readonly reason: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, group } = this.#options
    const about = operation === undefined ? {} : { operation }
    await journal.append({ actor, kind: 'request', group, facts: { reason }, ...about }, signal)
  }
}
