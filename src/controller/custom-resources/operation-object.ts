/** What a FailoverOperation object asks for, and what it shows of the move or drill that it became: pure. */
import { createHash } from 'node:crypto'
import { regionName } from '../../core/index.ts'
import {
  type DrillDocument,
  drillId,
  type DrillLevel,
  type DrillOrder,
  explainBlocking,
  findBlocking,
  type FoundOperation,
  type MoveKind,
  type MoveOrder,
  type MovePlan,
  type MoveWish,
  stepOf,
} from '../../failover/index.ts'
import type { KubernetesObject } from '../../kubernetes/index.ts'
import { type Condition, conditionsOf, type Said } from './conditions.ts'

interface CommonSpec {
  readonly group: string
  readonly reason: string
  /** Who created the object; `k8s/admission` holds it to the name of the user. */
  readonly requestedBy: string
}

/** Its shape is held by the definition in `k8s/crds`. */
export interface MoveSpec extends CommonSpec {
  readonly kind: MoveKind
  readonly to: string
  /** Has to be the name of the group before anything moves. */
  readonly confirm?: string
  /** Of the plan that was looked at: any other plan is refused. */
  readonly planHash?: string
  readonly acceptLoss?: boolean
  readonly writePauseSeconds?: number
  readonly overrides?: readonly { readonly guard: string; readonly reason: string }[]
}

export interface DrillSpec extends CommonSpec {
  readonly kind: 'drill'
  readonly level: DrillLevel
  readonly to?: string
  readonly staySeconds?: number
}

export type OperationSpec = MoveSpec | DrillSpec

/**
 * `Planned` waits for the confirmation, `Ordered` and `NeedsOperator` are under way, all others are final. `Refused` is
 * final too: nothing moves later that a person has given up on.
 */
export type OperationPhase = 'Planned' | 'Ordered' | 'NeedsOperator' | FinalPhase
type FinalPhase = 'Done' | 'Failed' | 'Interrupted' | 'RolledBack' | 'Superseded' | 'Refused'

export interface OperationObjectStatus {
  readonly phase: OperationPhase
  readonly message: string
  readonly plan?: PlanShown
  /** Id of the operation or the drill. */
  readonly operation?: string
  readonly step?: string
  readonly writePausedSeconds?: number
  readonly conditions: readonly Condition[]
  readonly observedGeneration: number
}

type Shown = Omit<OperationObjectStatus, 'conditions' | 'observedGeneration'>

interface PlanShown {
  readonly hash: string
  readonly epoch: number
  readonly blocking: readonly string[]
  readonly lossRecords: number
}

/** How the journal and the documents name who asks through an object. */
const ACTOR = 'kubernetes:'
const FINAL: ReadonlySet<OperationPhase> = new Set<OperationPhase>([
  'Done',
  'Failed',
  'Interrupted',
  'RolledBack',
  'Superseded',
  'Refused',
])
const STAY_SECONDS = 30

/** The same for the same object, whichever controller sees it; another object of the same name has another one. */
export function idOfObject(object: KubernetesObject): string {
  const { group, kind } = specOfObject(object)
  const { uid = '' } = object.metadata
  if (kind === 'drill') return drillId(group, uid)
  return `${group}-${createHash('sha256').update(`${group}\n${uid}`).digest('hex').slice(0, 16)}`
}

/** Whether a move or a drill was asked for by an object. */
export function isFromObject({ request }: { readonly request: { readonly by: string } }): boolean {
  return request.by.startsWith(ACTOR)
}

export function specOfObject({ spec }: KubernetesObject): OperationSpec {
  return spec as OperationSpec
}

export function statusOfObject({ status }: KubernetesObject): OperationObjectStatus | undefined {
  return status as OperationObjectStatus | undefined
}

export function isFinal(status: Pick<OperationObjectStatus, 'phase'> | undefined): boolean {
  return status !== undefined && FINAL.has(status.phase)
}

/** Completes what is shown; `at` is ISO 8601. */
export function statusFor(object: KubernetesObject, shown: Shown, at: string): OperationObjectStatus {
  const { phase, message } = shown
  const isDone = phase === 'Done'
  const say = (isTrue: boolean): Said => ({ status: isTrue ? 'True' : 'False', reason: phase, message })
  return {
    ...shown,
    conditions: conditionsOf(object, at, { Complete: say(isDone), Failed: say(!isDone && FINAL.has(phase)) }),
    observedGeneration: object.metadata.generation ?? 0,
  }
}

export function wishOfObject(spec: MoveSpec, writePauseMs: number): MoveWish {
  const { kind, to, overrides = [], acceptLoss = false, writePauseSeconds } = spec
  const writePauseLimitMs = writePauseSeconds === undefined ? writePauseMs : writePauseSeconds * 1_000
  return { kind, to: regionName(to), overrides, acceptLoss, writePauseLimitMs }
}

/** What is done about an object that has not become a move yet. */
export type OrderDecision =
  | { readonly kind: 'show'; readonly shown: Shown; readonly reason: string }
  | { readonly kind: 'order'; readonly order: MoveOrder; readonly reason: string }

export interface Planned {
  readonly object: KubernetesObject
  readonly spec: MoveSpec
  readonly plan: MovePlan
  readonly writePauseMs: number
  readonly at: string
}

export function decideOrder({ object, spec, plan, writePauseMs, at }: Planned): OrderDecision {
  const wish = wishOfObject(spec, writePauseMs)
  const blocking = findBlocking(plan, wish.acceptLoss)
  const { hash, epoch, predicted } = plan
  const shown = { hash, epoch, blocking, lossRecords: predicted.loss.records }
  const show = (phase: 'Planned' | 'Refused', message: string): OrderDecision => {
    return { kind: 'show', shown: { phase, message, plan: shown }, reason: message }
  }
  if (spec.confirm !== spec.group) {
    const why = blocking.length === 0 ? 'nothing stops it' : `it would be refused: ${blocking.join(', ')}`
    return show('Planned', `set spec.confirm to ${spec.group} to order it; ${why}`)
  }
  if (blocking.length > 0) return show('Refused', `guards stop it: ${explainBlocking(plan, blocking)}`)
  if (spec.planHash !== undefined && spec.planHash !== hash) {
    return show('Refused', 'the plan is no longer the one that was confirmed: look at it, and create another operation')
  }
  const by = ACTOR + spec.requestedBy
  const order = { ...wish, id: idOfObject(object), by, reason: spec.reason, at, epoch, planHash: hash }
  return { kind: 'order', order, reason: `${spec.kind} to ${spec.to} is confirmed` }
}

/** A drill puts back what it moves, and one of the level full needs an approval: it is ordered at once. */
export function drillOrderOf(object: KubernetesObject, spec: DrillSpec, at: string): DrillOrder {
  const { level, to, reason, requestedBy, staySeconds = STAY_SECONDS } = spec
  const region = to === undefined ? undefined : regionName(to)
  return { id: idOfObject(object), level, region, by: ACTOR + requestedBy, reason, at, stayMs: staySeconds * 1_000 }
}

export function showMove({ operation, isPresent }: FoundOperation, object: KubernetesObject): Shown {
  const { id, kind, phase: step, stop, abort, writePausedMs } = operation
  const { plan, step: stepBefore, message: before } = statusOfObject(object) ?? {}
  const why = stop === undefined ? abort?.reason : `${stop.reason}. ${stop.instructions}`
  // A move forgets why it goes back once it is back.
  const cause = step === 'rolled-back' && stepBefore === 'rolling-back' ? before : undefined
  return {
    phase: phaseOfMove(operation, isPresent),
    message: why ?? cause ?? stepOf(kind, step)?.does ?? `it is ${step}`,
    ...(plan !== undefined && { plan }),
    operation: id,
    step,
    writePausedSeconds: Math.round(writePausedMs / 100) / 10,
  }
}

function phaseOfMove({ phase }: FoundOperation['operation'], isPresent: boolean): OperationPhase {
  if (phase === 'done') return 'Done'
  if (phase === 'rolled-back') return 'RolledBack'
  if (!isPresent) return 'Superseded'
  return phase === 'needs-operator' ? 'NeedsOperator' : 'Ordered'
}

export function showDrill({ id, phase: step, outcome, steps }: DrillDocument): Shown {
  const isOver = step === 'done' && outcome !== undefined
  const message = isOver ? outcome.reasons.join('; ') : (steps.at(-1)?.reason ?? `it is ${step}`)
  return { phase: isOver ? PHASE_OF[outcome.kind] : 'Ordered', message, operation: id, step }
}

const PHASE_OF = {
  passed: 'Done',
  failed: 'Failed',
  interrupted: 'Interrupted',
  skipped: 'Refused',
} as const satisfies Record<NonNullable<DrillDocument['outcome']>['kind'], FinalPhase>
