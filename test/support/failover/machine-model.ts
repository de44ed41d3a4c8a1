import { regionName } from '../../../src/core/index.ts'
import type { Outcome } from '../../../src/failover/outcome.ts'
import { decideMove, type MoveDecision, type Report } from '../../../src/failover/moves/decide-move.ts'
import { checkInvariants } from '../../../src/failover/moves/invariants.ts'
import type { EffectName } from '../../../src/failover/moves/steps.ts'
import { type StartRequest, startMove } from '../../../src/failover/requests.ts'
import {
  firstDocument,
  type GroupDocument,
  type MoveRequest,
  type OperationRecord,
} from '../../../src/failover/state.ts'

/**
 * A move over a world that consists of nothing but fences, carried out pass by pass as a controller does, and cut off at
 * any pass: the model behind "every test is re-run from each interrupted prefix".
 */
export const [west, east, north] = ['west', 'east', 'north'].map(regionName) as [Region, Region, Region]
type Region = ReturnType<typeof regionName>

export const WHEN = '2026-01-01T00:00:00.000Z'

export interface Scenario {
  readonly name: string
  readonly start: Partial<StartRequest>
  /** What an effect comes to at its n-th call of a run; done where it says nothing. */
  readonly answers?: Partial<Record<EffectName, (call: number, world: World) => Outcome | undefined>>
  /** What people do, once each, as soon as the document is so. */
  readonly people?: readonly Intervention[]
  readonly ends: Ending
}

export interface Intervention {
  readonly when: (document: GroupDocument) => boolean
  readonly does: (document: GroupDocument) => GroupDocument
}

export interface Ending {
  /** Phase in which the last operation ended, or stands still. */
  readonly phase: OperationRecord['phase']
  readonly active: string
  readonly epoch: number
  /** Regions in which applications can write at the end. */
  readonly writable: readonly string[]
}

export interface World {
  readonly denied: Set<string>
  readonly calls: Map<EffectName, number>
}

/** Where a run is cut off: at which pass, and whether before its action or before anybody learns of it. */
export interface Cut {
  readonly pass: number
  readonly at: 'before-action' | 'after-action'
}

export interface Run {
  readonly documents: readonly GroupDocument[]
  readonly decisions: readonly MoveDecision[]
  readonly ended: OperationRecord | undefined
  readonly world: World
  readonly broken: readonly string[]
}

export const request: MoveRequest = {
  by: 'ada',
  reason: 'test',
  at: WHEN,
  planHash: 'abc',
  writePauseLimitMs: 60_000,
  overrides: [],
  acceptLoss: false,
}

export function start(document: GroupDocument, over: Partial<StartRequest> = {}): GroupDocument {
  return startMove(document, { id: 'op-1', kind: 'switchover', to: east, epoch: document.epoch, request, ...over })
}

export const threeRegions = (): GroupDocument => firstDocument('orders', [west, east, north], WHEN)

const PASSES_MOST = 1_000
const WAIT_MS = 1_000

/** One run of a scenario, cut off where asked; the next controller then starts from the document alone. */
export function runScenario(scenario: Scenario, cut?: Cut): Run {
  const model = new MachineModel(scenario)
  for (let pass = 0; pass < PASSES_MOST; pass++) {
    const isCut = cut?.pass === pass
    if (!model.pass(isCut ? cut.at : undefined)) break
    if (pass === PASSES_MOST - 1) model.broken.push('the run does not end')
  }
  return model
}

class MachineModel implements Run {
  readonly documents: GroupDocument[]
  readonly decisions: MoveDecision[] = []
  readonly broken: string[] = []
  readonly world: World = { denied: new Set([east, north]), calls: new Map() }
  ended: OperationRecord | undefined
  readonly #scenario: Scenario
  readonly #done = new Set<Intervention>()
  #document: GroupDocument
  #report: Report | undefined
  #phaseMs = 0
  #pausedMs = 0
  #phase = ''

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    const first = threeRegions()
    this.#document = start(first, scenario.start)
    this.documents = [first, this.#document]
  }

  /** False where nothing is left to be done. */
  pass(cut: Cut['at'] | undefined): boolean {
    this.#letPeopleAct()
    const { operation } = this.#document
    const key = `${operation?.id} ${operation?.attempt}`
    if (key !== this.#phase) [this.#phase, this.#phaseMs] = [key, 0]
    const decision = decideMove({
      document: this.#document,
      hold: undefined,
      report: this.#report,
      phaseMs: this.#phaseMs,
      writePausedMs: Math.max(this.#pausedMs, operation?.writePausedMs ?? 0),
      at: WHEN,
    })
    this.decisions.push(decision)
    if (decision.kind === 'idle') return false
    if (cut !== 'before-action') this.#act(decision)
    if (cut !== undefined) this.#forget()
    this.#checkWritable()
    return true
  }

  #act(decision: Exclude<MoveDecision, { kind: 'idle' }>): void {
    if (decision.kind === 'archive') this.ended = decision.operation
    if (decision.kind !== 'call') {
      this.#accept(decision.next)
      return
    }
    const { operation, step } = decision
    const outcome = this.#call(step.effect, operation)
    if (outcome.kind === 'waiting' || outcome.kind === 'unknown') {
      this.#phaseMs += WAIT_MS
      this.#pausedMs = Math.max(this.#pausedMs, operation.writePausedMs) + WAIT_MS
    }
    const evidence =
      outcome.kind === 'done' ? { key: `operations/${operation.id}/${step.phase}`, digest: 'd' } : undefined
    this.#report = { operation: operation.id, attempt: operation.attempt, outcome, ...(evidence && { evidence }) }
  }

  #call(effect: EffectName, operation: OperationRecord): Outcome {
    const call = (this.world.calls.get(effect) ?? 0) + 1
    this.world.calls.set(effect, call)
    const outcome = this.#scenario.answers?.[effect]?.(call, this.world) ?? done
    const isEffective = outcome.kind === 'done' || outcome.kind === 'unknown'
    if (isEffective && effect === 'fence') this.world.denied.add(operation.from)
    if (isEffective && effect === 'open') this.world.denied.delete(operation.to)
    if (isEffective && effect === 'rollBack') this.world.denied.delete(operation.from)
    return outcome
  }

  #accept(next: GroupDocument): void {
    this.broken.push(...checkInvariants(this.#document, next))
    this.#document = next
    this.documents.push(next)
  }

  #letPeopleAct(): void {
    for (const intervention of this.#scenario.people ?? []) {
      if (this.#done.has(intervention) || !intervention.when(this.#document)) continue
      this.#done.add(intervention)
      this.#accept(intervention.does(this.#document))
    }
  }

  /** The controller is gone; the next one knows the document only. */
  #forget(): void {
    this.#report = undefined
    this.#phase = ''
    this.#pausedMs = 0
  }

  /** F1: one writable region at most, unless the document says that another one is not known to be fenced. */
  #checkWritable(): void {
    const announced = Object.entries(this.#document.regions).filter(([, { unfenced }]) => unfenced !== undefined)
    const writable = this.writable().filter((region) => !announced.some(([name]) => name === region))
    if (writable.length > 1) this.broken.push(`${writable.join(' and ')} accept writes`)
    if (writable.some((region) => region !== this.#document.active))
      this.broken.push(`${writable.join(' and ')} is not active`)
  }

  writable(): string[] {
    return Object.keys(this.#document.regions).filter((region) => !this.world.denied.has(region))
  }

  get last(): GroupDocument {
    return this.#document
  }
}

export interface Result extends Ending {
  readonly broken: readonly string[]
}

/** What a run came to, in the terms of a scenario's ending. */
export function resultOf(run: Run): Result {
  const last = run.documents.at(-1)
  if (last === undefined) throw new Error('a run holds documents')
  return {
    phase: last.operation?.phase ?? run.ended?.phase ?? 'requested',
    active: last.active,
    epoch: last.epoch,
    writable: Object.keys(last.regions).filter((region) => !run.world.denied.has(region)),
    broken: run.broken,
  }
}

const done: Outcome = { kind: 'done', reason: 'as asked', findings: { fence: 'proved' } }
export const waiting = (reason: string): Outcome => ({ kind: 'waiting', reason })
export const unknown = (reason: string): Outcome => ({ kind: 'unknown', reason })
export const failed = (code: string): Outcome => {
  return { kind: 'failed', fault: { code, message: `${code} happened`, remedy: 'Remove it.' } }
}
