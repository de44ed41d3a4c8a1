import type { Events } from '../../core/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import type { SecurityEvents } from '../events.ts'
import type { FenceBook } from './fence-book.ts'
import {
  bindingsOf,
  type FenceMeans,
  type FenceRecord,
  fenceKeyOf,
  joinDenied,
  markOf,
  NOTHING_DENIED,
  ownedBindings,
  without,
} from './fence-record.ts'
import type { AppliedFence, FenceStep, LiftedFence } from './fence-step.ts'
import type { FencePlan } from './plan-fence.ts'
import { callBounded, type RegionAccess } from './region-access.ts'
import { type SettleOutcome, settleAcls } from './settle-acls.ts'

/** Putting fences of ACL entries up and taking them down, on record. */
export interface FenceContext extends RegionAccess {
  readonly book: FenceBook
  readonly events: Events<SecurityEvents>
  /** Throws where nothing may be changed any more. */
  readonly permit?: () => unknown
}

/** Who wants a fence, and for what. */
export interface FenceClaim {
  /** Of the failover group. */
  readonly group: string
  /** Id of the operation, or `STANDING`. */
  readonly operation: string
  readonly by: string
  readonly reason: string
  /** Wall clock; null: until somebody lifts it. */
  readonly untilMs: number | null
}

type PossiblePlan = Extract<FencePlan, { kind: 'possible' }>

export async function applyAcls(
  context: FenceContext,
  { claim, means, plan }: { readonly claim: FenceClaim; readonly means: 'acl' | 'groups'; readonly plan: PossiblePlan },
  signal: AbortSignal,
): Promise<FenceStep<AppliedFence>> {
  const { book } = context
  const { records, trouble } = await book.list(signal)
  const isComplete = trouble === undefined
  const before = records.find((record) => fenceKeyOf(record) === fenceKeyOf({ ...claim, means }))
  const record = renew(newRecord(context, claim, means), before, { plan, records, isComplete })
  // On record before the first call: who ends in the middle of one cannot tell what becomes of it.
  const noted = { ...record, mayLandLate: record.mayLandLate || plan.missing.length > 0 }
  let isRecorded = await book.put(noted, signal)
  const bindings = bindingsOf(means, record.denied)
  const marks = isRecorded ? [] : plan.missing.map(markOf)
  // A call that was to lift it may have been lost.
  const through = before?.lifted ? 'every' : 'any'
  const [wanted, seenWrong] = [
    [...bindings, ...marks],
    [...plan.missing, ...marks],
  ]
  const change = { group: claim.group, want: 'present', bindings: wanted, seenWrong, through } as const
  const settled = await settleAcls(context, change, signal)
  const isMarked = record.isMarked === true || marks.length > 0
  const found = { ...record, isMarked, mayLandLate: record.mayLandLate || settled.mayLandLate }
  if (found.mayLandLate !== noted.mayLandLate || isMarked !== noted.isMarked) isRecorded = await book.put(found, signal)
  if (settled.kind === 'refused') {
    const isNew = before === undefined && settled.changed === 0 && !settled.mayLandLate
    if (isNew) await book.remove(record, signal)
    return { kind: 'failed', fault: settled.fault }
  }
  if (settled.kind === 'unsettled') return unsettled(context, found, settled)
  const { tookMs, brokers } = settled
  const added = Math.max(0, settled.changed - marks.length)
  if (added > 0 || before === undefined) tellApplied(context, found, { added, tookMs, isRecorded })
  const evidence = { means, mode: plan.mode, entries: bindings.length, added, brokers, isRecorded, tookMs }
  return { kind: 'done', evidence }
}

/** Takes away what no other fence claims. Repeating it is how a fence that came back late is taken away again. */
export async function liftAcls(
  context: FenceContext,
  record: FenceRecord,
  by: string,
  signal: AbortSignal,
): Promise<FenceStep<LiftedFence>> {
  const { book } = context
  const going = markLifted(context, record, by)
  await book.put(going, signal)
  const { records } = await book.list(signal)
  const bindings = ownedBindings(going, records)
  const kept = bindingsOf(record.means, record.denied).length - bindings.length
  const marks = record.isMarked === true ? bindings.map(markOf) : []
  const settled = await removeAll(context, going, [...bindings, ...marks], signal)
  if (settled.kind === 'refused') return { kind: 'failed', fault: settled.fault }
  if (settled.kind === 'unsettled') return unsettled(context, going, settled)
  // Marks are no entries of the fence.
  const removed = Math.min(settled.changed, bindings.length)
  const isSettled = !going.mayLandLate || (await isEveryBrokerAmong(context, settled.brokers, signal))
  const isQuiet = await concludeLift(context, going, { isSettled, isCalm: removed === 0 }, signal)
  if (record.lifted === null) tellLifted(context, record, { by, removed, kept })
  return { kind: 'done', evidence: { found: 1, removed, kept, isQuiet } }
}

/** A call that was lost, one of an earlier attempt or one of this, is overtaken through every broker. */
async function removeAll(
  context: FenceContext,
  { group, mayLandLate }: FenceRecord,
  bindings: readonly AclBinding[],
  signal: AbortSignal,
): Promise<SettleOutcome> {
  const change = { group, want: 'absent', bindings } as const
  const first = await settleAcls(context, { ...change, through: mayLandLate ? 'every' : 'any' }, signal)
  if (first.kind !== 'settled' || mayLandLate || !first.mayLandLate) return first
  const second = await settleAcls(context, { ...change, through: 'every' }, signal)
  return { ...second, changed: first.changed + second.changed }
}

/** Whether these are all brokers that the region has: one that is away may hold a call that it never handed on. */
async function isEveryBrokerAmong(
  context: FenceContext,
  brokers: readonly number[],
  signal: AbortSignal,
): Promise<boolean> {
  const ask = (signal: AbortSignal) => context.cluster.metadata('all', signal)
  const { topics } = await callBounded(context, 'Metadata', signal, ask)
  const replicas = topics.flatMap(({ partitions }) => partitions.flatMap(({ replicas }) => replicas))
  return replicas.every((nodeId) => brokers.includes(nodeId))
}

/** A fence on its way out: from here on it claims nothing. */
export function markLifted({ clock }: RegionAccess, record: FenceRecord, by: string): FenceRecord {
  return { ...record, lifted: record.lifted ?? { by, atMs: clock.nowMs(), quietSinceMs: null } }
}

/**
 * Takes the record away once nothing can bring the fence back: at once where every call about it was answered, or every
 * broker has answered a later one; else when nothing has come back for `quietMs`.
 */
export async function concludeLift(
  { book, clock, timings }: FenceContext,
  record: FenceRecord,
  { isSettled, isCalm }: { readonly isSettled: boolean; readonly isCalm: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const { lifted, mayLandLate } = record
  const nowMs = clock.nowMs()
  const quietSinceMs = isCalm ? (lifted?.quietSinceMs ?? nowMs) : null
  if (isSettled || !mayLandLate || (quietSinceMs !== null && nowMs - quietSinceMs > timings.quietMs)) {
    await book.remove(record, signal)
    return true
  }
  if (lifted !== null && lifted.quietSinceMs !== quietSinceMs) {
    await book.put({ ...record, lifted: { ...lifted, quietSinceMs } }, signal)
  }
  return false
}

export function newRecord(context: RegionAccess, claim: FenceClaim, means: FenceMeans): FenceRecord {
  return {
    format: 1,
    region: context.region,
    group: claim.group,
    operation: claim.operation,
    means,
    setBy: claim.by,
    reason: claim.reason,
    setAtMs: context.clock.nowMs(),
    untilMs: claim.untilMs,
    denied: NOTHING_DENIED,
    foreign: [],
    isMarked: false,
    configsBefore: {},
    hasRun: false,
    mayLandLate: false,
    lifted: null,
  }
}

/** A fence that stands already keeps who set it and grows; one that was on its way out is set anew. */
function renew(
  fresh: FenceRecord,
  before: FenceRecord | undefined,
  {
    plan,
    records,
    isComplete,
  }: { readonly plan: PossiblePlan; readonly records: readonly FenceRecord[]; readonly isComplete: boolean },
): FenceRecord {
  const claimed = records.flatMap(({ means, denied }) => bindingsOf(means, denied))
  // Who does not know what is claimed takes nothing for foreign: what is, would stay for good.
  const found = isComplete ? without(without(plan.bindings, plan.missing), [...claimed, ...plan.marked]) : []
  return {
    ...(before?.lifted === null ? before : fresh),
    denied: joinDenied(before?.denied ?? NOTHING_DENIED, plan.denied),
    foreign: [...(before?.foreign ?? []), ...found],
    isMarked: before?.isMarked === true || plan.marked.length > 0,
    mayLandLate: before?.mayLandLate ?? false,
  }
}

function unsettled(
  { events }: FenceContext,
  { region, group, operation }: FenceRecord,
  { reason }: Extract<SettleOutcome, { kind: 'unsettled' }>,
): FenceStep<never> {
  events.emit('fence:unsettled', { region, group, operation, reason })
  return { kind: 'unknown', reason }
}

export function tellLifted(
  { events }: FenceContext,
  { region, group, operation, means }: FenceRecord,
  how: { readonly by: string; readonly removed: number; readonly kept: number },
): void {
  events.emit('fence:lifted', { region, group, operation, means, ...how })
}

export function tellApplied(
  { events }: FenceContext,
  { region, group, operation, means, setBy }: FenceRecord,
  how: { readonly added: number; readonly tookMs: number; readonly isRecorded: boolean },
): void {
  events.emit('fence:applied', { region, group, operation, means, by: setBy, ...how })
}
