import { describeError, pause, type RegionName } from '../../../core/index.ts'
import { hasEnded, isReversible } from '../../moves/steps.ts'
import { type OperationRecord, regionEntry } from '../../state.ts'
import type { DrillAnswer } from '../decide-drill.ts'
import type { DrillDocument, LeftoverCheck } from '../drill-document.ts'
import type { DrillCall } from '../drill-runner.ts'
import { canaryPrefix, shadowPrefix } from '../ports.ts'
import { type DrillRooms, type MovedGroup, movedGroup, operationOf, operationsOf } from './drill-rooms.ts'
import { findOperation, orderMove } from './move.ts'

/** What a position sync that was under way may still bring back. */
const LOOK_AGAIN_MS = 1_500
/** Of one kind of groups in one region. */
const SWEEP_MS = 4_000
/** A region that is away for longer is told as it is: a later drill sweeps it. */
const PATIENCE_MS = 30_000

/**
 * Takes away what a drill made, then looks for it: the group home, its operations ended, no fence of it on the active
 * region, none of its consumer groups anywhere. What cannot be taken away is told with the command that a person gives.
 */
export async function cleanDrill(call: DrillCall, rooms: DrillRooms, signal: AbortSignal): Promise<DrillAnswer> {
  const { drill, isLast, phaseMs } = call
  const leftovers: LeftoverCheck[] = []
  if (drill.level === 'canary' || drill.level === 'full') {
    const group = movedGroup(rooms, drill)
    const way = await bringHome(call, { rooms, group }, signal)
    if (way.kind === 'waiting' && !isLast) return way
    leftovers.push({
      lookedFor: `group ${group.name} away from ${drill.from}, or an operation of the drill on it`,
      found: way.kind === 'home' ? [] : [way.reason],
    })
    leftovers.push(await liftFences(call, { rooms, group }, signal))
  } else {
    leftovers.push(await findOperations(drill, rooms, signal))
  }
  leftovers.push(...(await deleteGroups(drill, rooms, signal)))
  if (drill.level === 'authority') leftovers.push(await findRestored(rooms, signal))
  const left = leftovers.filter(({ found, trouble }) => found.length > 0 || trouble !== undefined)
  if (left.some(({ trouble }) => trouble !== undefined) && !isLast && phaseMs < PATIENCE_MS) {
    return { kind: 'waiting', reason: left.map(({ lookedFor, trouble }) => `${lookedFor}: ${trouble}`).join('; ') }
  }
  const reason = `${leftovers.length} looked for, ${left.length} left behind`
  return { kind: left.length === 0 ? 'done' : 'failed', reason, found: { leftovers } }
}

type WayHome =
  | { readonly kind: 'home' }
  | { readonly kind: 'waiting'; readonly reason: string }
  /** A person has to. */
  | { readonly kind: 'stuck'; readonly reason: string }

interface Moved {
  readonly rooms: DrillRooms
  readonly group: MovedGroup
}

async function bringHome(call: DrillCall, moved: Moved, signal: AbortSignal): Promise<WayHome> {
  const { drill } = call
  const { document } = await moved.group.desk.read(signal)
  if (document.operation !== undefined) return await endOperation(call, moved, document.operation, signal)
  const { active } = document
  if (active === drill.from) return { kind: 'home' }
  const command = `isthmus failback ${moved.group.name} --to ${drill.from} --reason 'after drill ${drill.id}'`
  // Applications are where they can write; an incident is no time to move them once more.
  if (drill.level === 'full' && drill.outcome?.kind === 'interrupted') {
    return stuck(`${active} is active; when the incident is over: ${command}`)
  }
  const role = regionEntry(document, drill.from)?.role
  if (role !== 'standby') {
    return stuck(`${active} is active, and ${drill.from} is ${role}; when it is a standby: ${command}`)
  }
  return await orderHome(call, moved, { active, command }, signal)
}

/** What the drill has begun is taken back where that is possible, and waited for. */
async function endOperation(
  { drill, permit }: DrillCall,
  { group }: Moved,
  operation: OperationRecord,
  signal: AbortSignal,
): Promise<WayHome> {
  const { id, kind, phase, stop, abort } = operation
  if (!operationsOf(drill, group.name).has(id)) {
    return stuck(`${kind} ${id}, which is not of the drill, is at ${phase}`)
  }
  if (phase === 'needs-operator') {
    return stuck(
      `${kind} ${id} needs an operator: ${stop?.reason}. ${stop?.instructions} isthmus operation resume ${id}`,
    )
  }
  if (drill.outcome?.kind === 'interrupted' && !hasEnded(phase) && isReversible(operation) && abort === undefined) {
    permit()
    await group.desk.abort(id, `drill ${drill.id}`, drill.outcome.reasons.join('; '), signal)
  }
  return { kind: 'waiting', reason: `${kind} ${id} is at ${phase}` }
}

async function orderHome(
  call: DrillCall,
  { rooms, group }: Moved,
  { active, command }: { readonly active: string; readonly command: string },
  signal: AbortSignal,
): Promise<WayHome> {
  const { drill } = call
  const id = operationOf(drill, group.name, 'home')
  const before = await findOperation(group, id, signal)
  if (before !== undefined) {
    return stuck(`${active} is active, and failback ${id} ended as ${before.operation.phase}: ${command}`)
  }
  const refusal = await orderMove(call, { id, kind: 'failback', to: drill.from, group, rooms }, signal)
  if (refusal === undefined) return { kind: 'waiting', reason: `failback ${id} was ordered` }
  return { kind: 'waiting', reason: `${active} is active, and the way home is refused: ${refusal}; ${command}` }
}

function stuck(reason: string): WayHome {
  return { kind: 'stuck', reason }
}

/** On the region that is active nothing of the drill's moves may stand; standbys carry fences for good. */
async function liftFences(
  { drill, permit }: DrillCall,
  { rooms, group }: Moved,
  signal: AbortSignal,
): Promise<LeftoverCheck> {
  const { document } = await group.desk.read(signal)
  const lookedFor = `fences of the drill for ${group.name} on ${document.active}`
  const fences = rooms.fences.get(document.active)
  if (fences === undefined || document.operation !== undefined) return { lookedFor, found: [] }
  const own = operationsOf(drill, group.name)
  const ask = async () => {
    const { records, trouble } = await fences.records(signal)
    const left = records.filter((it) => it.group === group.name && it.lifted === null && own.has(it.operation))
    return { left: new Set(left.map(({ operation }) => operation)), trouble }
  }
  const before = await ask()
  for (const operation of before.left) {
    await fences.permitted(() => void permit()).lift({ group: group.name, operation, by: `drill ${drill.id}` }, signal)
  }
  const { left, trouble } = before.left.size === 0 ? before : await ask()
  const found = [...left].map(
    (operation) => `isthmus unfence ${group.name} --region ${document.active} --operation ${operation}`,
  )
  return { lookedFor, found, ...(trouble !== undefined && { trouble }) }
}

async function findOperations(
  drill: DrillDocument,
  { own: { name, desk } }: DrillRooms,
  signal: AbortSignal,
): Promise<LeftoverCheck> {
  const { operation } = (await desk.read(signal)).document
  const isOwn = operation !== undefined && operationsOf(drill, name).has(operation.id)
  return { lookedFor: `an operation of the drill on group ${name}`, found: isOwn ? [operation.id] : [] }
}

/**
 * Of this drill, and of earlier ones whose region was away then. Deleted where the group was active first: a sync in
 * between may bring a position back to the standby once.
 */
async function deleteGroups(drill: DrillDocument, rooms: DrillRooms, signal: AbortSignal): Promise<LeftoverCheck[]> {
  const { level, from, region, group } = drill
  const places = [from, region].flatMap((one) =>
    [canaryPrefix(group), shadowPrefix(group)].map((prefix) => ({ one, prefix, of: rooms })),
  )
  const sweepAll = () => Promise.all(places.map((place) => sweep(place, signal)))
  if (level !== 'canary') return await sweepAll()
  for (const place of places) await sweep(place, signal)
  await pause(rooms.clock, LOOK_AGAIN_MS, signal)
  return await sweepAll()
}

async function sweep(
  { one, prefix, of }: { readonly one: RegionName; readonly prefix: string; readonly of: DrillRooms },
  signal: AbortSignal,
): Promise<LeftoverCheck> {
  const lookedFor = `consumer groups ${prefix}* on ${one}`
  const limit = new AbortController()
  const timer = of.clock.setTimer(SWEEP_MS, () => limit.abort(new Error(`${one} has not answered in time`)))
  try {
    const left = await of.reader.clean(one, prefix, AbortSignal.any([signal, limit.signal]))
    return { lookedFor, found: [...left] }
  } catch (error) {
    signal.throwIfAborted()
    return { lookedFor, found: [], trouble: describeError(error) }
  } finally {
    timer.cancel()
  }
}

/** A restore that touched the live authority would have raised its generation above that of its documents. */
async function findRestored({ own, authority }: DrillRooms, signal: AbortSignal): Promise<LeftoverCheck> {
  const { generation } = await authority.identity(signal)
  const { document } = await own.desk.read(signal)
  const isSame = document.generation <= generation
  return {
    lookedFor: 'a restored document in the live authority',
    found: isSame ? [] : [`group ${own.name} has generation ${document.generation}, the authority ${generation}`],
  }
}
