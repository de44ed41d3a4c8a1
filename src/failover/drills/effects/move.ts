import { isFault, type RegionName } from '../../../core/index.ts'
import { hasEnded } from '../../moves/steps.ts'
import { explainBlocking, findBlocking, type MovePlan } from '../../plan.ts'
import { behindMs } from '../../guards/move-guards.ts'
import type { FoundOperation, MoveWish } from '../../group-desk.ts'
import type { DrillAnswer } from '../decide-drill.ts'
import type { DrillDocument, DrillGuard, DrillMove, DrillPlan } from '../drill-document.ts'
import type { DrillCall } from '../drill-runner.ts'
import { type DrillMoveName, type DrillRooms, type MovedGroup, movedGroup, operationOf } from './drill-rooms.ts'

/** Levels that are about a move which the guards have to allow. */
const JUDGED: ReadonlySet<DrillDocument['level']> = new Set(['preflight', 'canary', 'full'])
const PATIENCE_MS = 60_000

/** Plans the switchover, and what a failover would lose at this moment. */
export async function planDrill(
  { drill, isLast, phaseMs }: DrillCall,
  rooms: DrillRooms,
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const { level, region } = drill
  const group = movedGroup(rooms, drill)
  const plan = await group.desk.plan(wishOf('switchover', region, group), signal)
  const blocking = findBlocking(plan, false)
  const isBlocked = blocking.length > 0 && JUDGED.has(level)
  // What nobody could look at may be seen the next time; topics of canaries, and groups, may have just been made.
  const mayPass = plan.guards.some(
    ({ name, isBlocking, status }) => isBlocking && (status === 'unknown' || name === 'positions-fresh'),
  )
  if (isBlocked && (mayPass || level === 'canary') && !isLast && phaseMs < PATIENCE_MS) {
    return { kind: 'waiting', reason: `refused by ${explainBlocking(plan, blocking)}` }
  }
  const failover = { ...wishOf('failover', region, group), acceptLoss: true }
  const exposure = exposureOf(await group.desk.plan(failover, signal))
  const { hash, epoch, predicted } = plan
  const found: DrillPlan = {
    hash,
    epoch,
    lossRecords: predicted.loss.records,
    writePauseMs: predicted.writePauseMs ?? null,
    ...(exposure !== undefined && { exposure }),
  }
  const guards = plan.guards.map(({ name, status, evidence, isBlocking, remedy }): DrillGuard => {
    return { name, status, evidence, isBlocking, remedy }
  })
  const kept = { plan: found, parts: { guards } }
  if (!isBlocked) return { kind: 'done', reason: `plan ${hash.slice(0, 12)} with ${guards.length} guards`, found: kept }
  const reasons = plan.guards
    .filter(({ name }) => blocking.includes(name))
    .map(({ name, evidence, remedy }) => `guard ${name}: ${evidence}. ${remedy}`)
  return { kind: 'failed', reason: `refused by ${blocking.join(', ')}`, reasons, found: kept }
}

/** Orders a move as a person would, once, and waits for its end. */
export async function moveDrill(
  call: DrillCall,
  { name, to, rooms }: { readonly name: DrillMoveName; readonly to: RegionName; readonly rooms: DrillRooms },
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const { drill, isLast } = call
  const group = movedGroup(rooms, drill)
  const id = operationOf(drill, group.name, name)
  const kind = name === 'leave' ? 'switchover' : 'failback'
  const found = await findOperation(group, id, signal)
  if (found === undefined) {
    const refusal = await orderMove(call, { id, kind, to, group, rooms }, signal)
    if (refusal === undefined) return { kind: 'waiting', reason: `${kind} ${id} was ordered` }
    return { kind: isLast ? 'failed' : 'waiting', reason: `${kind} to ${to} is refused: ${refusal}` }
  }
  const { operation, isPresent } = found
  const { phase, stop } = operation
  if (isPresent && !hasEnded(phase) && phase !== 'needs-operator') {
    return { kind: isLast ? 'failed' : 'waiting', reason: `${kind} ${id} is at ${phase}` }
  }
  const move: DrillMove = {
    kind,
    operation: id,
    group: group.name,
    from: operation.from,
    to: operation.to,
    orderedAt: operation.request.at,
    endedAs: phase,
  }
  if (phase === 'done') return { kind: 'done', reason: `${kind} ${id} is done`, found: { move } }
  const why = stop === undefined ? 'another operation has superseded it' : `${stop.reason}. ${stop.instructions}`
  return { kind: 'failed', reason: `${kind} ${id} ended as ${phase}: ${why}`, found: { move } }
}

/** Why it was not ordered; undefined where it was. */
export async function orderMove(
  { drill, permit }: Pick<DrillCall, 'drill' | 'permit'>,
  {
    id,
    kind,
    to,
    group,
    rooms,
  }: {
    readonly id: string
    readonly kind: 'switchover' | 'failback'
    readonly to: RegionName
    readonly group: MovedGroup
    readonly rooms: Pick<DrillRooms, 'clock'>
  },
  signal: AbortSignal,
): Promise<string | undefined> {
  // The way home follows right behind the way there: that is what a drill is.
  const overrides = kind === 'failback' ? [{ guard: 'cooldown', reason: `drill ${drill.id}` }] : []
  const wish = { ...wishOf(kind, to, group), overrides }
  const plan = await group.desk.plan(wish, signal)
  const blocking = findBlocking(plan, false)
  if (blocking.length > 0) return explainBlocking(plan, blocking)
  permit()
  const { by, reason } = drill.request
  const at = new Date(rooms.clock.nowMs()).toISOString()
  const order = { ...wish, id, by: `drill ${drill.id} of ${by}`, reason, at, epoch: plan.epoch, planHash: plan.hash }
  try {
    await group.desk.start(order, signal)
    return undefined
  } catch (error) {
    // What the plan rests on changed since: the next call plans anew.
    if (!isFault(error, 'PLAN_CHANGED') && !isFault(error, 'GUARDS_FAILED') && !isFault(error, 'EPOCH_CHANGED'))
      throw error
    return error.message
  }
}

export async function findOperation(
  { desk }: Pick<MovedGroup, 'desk'>,
  id: string,
  signal: AbortSignal,
): Promise<FoundOperation | undefined> {
  try {
    return await desk.operation(id, signal)
  } catch (error) {
    if (isFault(error, 'OPERATION_NOT_FOUND')) return undefined
    throw error
  }
}

function wishOf(kind: MoveWish['kind'], to: RegionName, { writePauseMs }: MovedGroup): MoveWish {
  return { kind, to, overrides: [], acceptLoss: false, writePauseLimitMs: writePauseMs }
}

function exposureOf({ predicted }: MovePlan): DrillPlan['exposure'] {
  const { records, partitions } = predicted.loss
  return { records, ms: Math.max(0, ...partitions.map(behindMs)) }
}
