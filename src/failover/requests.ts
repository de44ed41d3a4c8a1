import type { RegionName } from '../core/index.ts'
import { handOver } from './automatic/change-attempt.ts'
import { failoverFaults } from './faults.ts'
import { hasEnded, isBehindCommit, isReversible, standsAt, stepOf } from './moves/steps.ts'
import { operationOf, withOperation } from './moves/transitions.ts'
import type { ReturnPhase, SalvageChoice } from './returns/return-record.ts'
import {
  type Attestation,
  type FenceState,
  type GroupDocument,
  type MoveKind,
  type MoveRequest,
  type OperationRecord,
  type Pause,
  type RegionEntry,
  regionEntry,
  type Superseded,
} from './state.ts'

/**
 * What a person may ask of a group, as functions from document to document; each throws a fault where it is refused.
 * Who asked and why stands in the document, so the same compare-and-set that accepts a request also records it.
 */
export interface StartRequest {
  readonly id: string
  readonly kind: MoveKind
  readonly to: RegionName
  /** Undefined where the caller named none, which is refused. */
  readonly epoch: number | undefined
  readonly request: MoveRequest
  /** Whether it is automatic mode that asks: only for the attempt on record, and only behind its fence. */
  readonly isUnasked?: boolean
}

/** Puts a new operation into the document. A failover replaces one that runs; other moves are refused meanwhile. */
export function startMove(document: GroupDocument, start: StartRequest): GroupDocument {
  const { group, epoch, paused, operation, active } = document
  if (paused !== undefined) throw failoverFaults.fault('GROUP_PAUSED', { group, by: paused.by, reason: paused.reason })
  if (start.epoch === undefined || start.request.planHash === '') {
    throw failoverFaults.fault('EPOCH_MISSING', { group, kind: start.kind })
  }
  if (start.epoch !== epoch) throw failoverFaults.fault('EPOCH_CHANGED', { group, epoch, expected: start.epoch })
  const running = operation === undefined || hasEnded(operation.phase) ? undefined : operation
  if (operation !== undefined && (start.kind !== 'failover' || running === undefined)) {
    throw failoverFaults.fault('OPERATION_RUNNING', {
      group,
      kind: operation.kind,
      operation: operation.id,
      phase: operation.phase,
    })
  }
  checkTarget(document, start, running)
  if (start.isUnasked === true) checkUnasked(document, start.id)
  const supersedes = running === undefined ? undefined : takeOver(document, running, start.to)
  const fresh: OperationRecord = {
    id: start.id,
    kind: start.kind,
    from: active,
    to: start.to,
    phase: 'requested',
    attempt: 1,
    epoch,
    request: start.request,
    fence: running === undefined ? 'untouched' : inheritFence(running),
    evidence: {},
    writePausedMs: running?.writePausedMs ?? 0,
    warnings: [],
    ...(supersedes !== undefined && { supersedes }),
  }
  return withOperation(handOver(document, start.id), fresh)
}

function checkUnasked({ group, automatic }: GroupDocument, operation: string): void {
  if (automatic?.operation === operation && automatic.phase === 'fenced') return
  throw failoverFaults.fault('ATTEMPT_CHANGED', { group, operation, phase: automatic?.phase ?? 'gone' })
}

function checkTarget(document: GroupDocument, start: StartRequest, running: OperationRecord | undefined): void {
  const { group, active } = document
  const refuse = (reason: string) => failoverFaults.fault('TARGET_NOT_ELIGIBLE', { region: start.to, group, reason })
  const entry = regionEntry(document, start.to)
  if (entry === undefined) throw refuse('it is no region of the group')
  if (start.to === active) throw refuse('it is active already')
  if (entry.role === 'reseeding') throw refuse('its records are being replaced')
  if (entry.role === 'standby') return
  // Nobody has written to the new active region yet, so the one that was left still holds everything.
  const isWayBack = running?.from === start.to && standsAt(running) === 'promoting'
  if (start.kind !== 'failover' || (entry.role === 'lost' && !isWayBack)) throw refuse(`it is ${entry.role}`)
}

/** What is known of the fence on the region that is active now, when a failover takes over. */
function inheritFence(running: OperationRecord): FenceState {
  const at = standsAt(running)
  if (at === 'promoting') return 'standing'
  if (isBehindCommit(at)) return 'untouched'
  if (at === 'rolling-back') return 'intended'
  // An attestation was given for one request; the next one needs its own.
  return running.fence === 'attested' ? 'intended' : running.fence
}

function takeOver(document: GroupDocument, running: OperationRecord, to: RegionName): Superseded {
  const at = standsAt(running)
  const isCutGood = at !== 'rolling-back' && running.evidence.cut !== undefined
  const isUnopened = at === 'promoting'
  const isDrained = isUnopened ? to === running.from : running.to === to && running.evidence.proving !== undefined
  return {
    operation: running.id,
    phase: running.phase,
    isDrained: isDrained && (isUnopened || isCutGood) && document.active !== to,
    ...(isCutGood && { cut: running.evidence.cut }),
  }
}

export function abortMove(document: GroupDocument, id: string, by: string, reason: string): GroupDocument {
  const operation = findOperation(document, id)
  if (!isReversible(operation) || hasEnded(operation.phase)) {
    throw failoverFaults.fault('ABORT_TOO_LATE', { operation: id, phase: operation.phase })
  }
  return operation.abort === undefined ? withOperation(document, { ...operation, abort: { by, reason } }) : document
}

/** Lets an operation that waits for a person try its step again. */
export function resumeMove(document: GroupDocument, id: string, attestation?: Attestation): GroupDocument {
  const { stop, ...operation } = findWaiting(document, id)
  const request = attestation === undefined ? operation.request : { ...operation.request, attestation }
  const phase = stop?.at ?? operation.phase
  return withOperation(document, { ...operation, request, phase, attempt: operation.attempt + 1 })
}

/** Lets an operation that waits for a person go on without its step, where the table allows that. */
export function acknowledgeMove(document: GroupDocument, id: string, by: string, reason: string): GroupDocument {
  const waiting = findWaiting(document, id)
  const step = stepOf(waiting.kind, standsAt(waiting))
  if (step === undefined || !step.isSkippable) {
    throw failoverFaults.fault('STEP_NOT_SKIPPABLE', { operation: id, phase: standsAt(waiting) })
  }
  const { stop: _, ...operation } = waiting
  const warnings = [...operation.warnings, `${by} had it go on without ${step.phase}: ${reason}`]
  return withOperation(document, { ...operation, phase: step.next, attempt: operation.attempt + 1, warnings })
}

/** Refuses new moves. One that runs goes on: to stop it midway would leave applications without a writable region. */
export function pauseGroup(document: GroupDocument, pause: Pause): GroupDocument {
  return { ...document, paused: pause }
}

export function unpauseGroup(document: GroupDocument): GroupDocument {
  const { paused: _, ...rest } = document
  return rest
}

/**
 * Has the group know the regions of the configuration: those that have come are standbys like those of its first reign,
 * and standbys that it has no longer go; what is lost or returning stays. While a move runs all of them wait: its steps go
 * by the standbys that it began with.
 */
export function alignRegions(document: GroupDocument, ranked: readonly RegionName[], at: string): GroupDocument {
  const { fresh, gone } = compareRegions(document, ranked)
  if (hasRegions(document, ranked) || document.operation !== undefined) return document
  const entry: RegionEntry = { role: 'standby', since: at, reason: 'added to the configuration' }
  const kept = Object.entries(document.regions).filter(([region]) => !gone.includes(region))
  return { ...document, regions: Object.fromEntries([...kept, ...fresh.map((region) => [region, entry] as const)]) }
}

/** Whether the group knows the regions of the configuration, and no standby that is not there. */
export function hasRegions(document: Pick<GroupDocument, 'regions'>, ranked: readonly RegionName[]): boolean {
  const { fresh, gone } = compareRegions(document, ranked)
  return fresh.length + gone.length === 0
}

export function compareRegions({ regions }: Pick<GroupDocument, 'regions'>, ranked: readonly RegionName[]) {
  const isMeant = (region: string) => ranked.some((one) => one === region)
  return {
    fresh: ranked.filter((region) => !Object.hasOwn(regions, region)),
    gone: Object.keys(regions).filter((region) => !isMeant(region) && regions[region]?.role === 'standby'),
  }
}

/** Says what is done with the records that only a returned region has. */
export function chooseSalvage(document: GroupDocument, region: RegionName, choice: SalvageChoice): GroupDocument {
  const entry = regionEntry(document, region)
  const record = entry?.return
  const isStuck = record?.phase === 'needs-operator' && record.stop !== undefined && SALVAGING.has(record.stop.at)
  if (entry === undefined || (record?.phase !== 'choosing' && !isStuck)) {
    throw notReturning(document, region, 'choosing')
  }
  const { stop: _, ...rest } = record
  const next = isStuck ? { phase: 'choosing' as const, attempt: record.attempt + 1 } : {}
  return withEntry(document, region, { ...entry, return: { ...rest, ...next, choice } })
}

/** Where a choice is being carried out, and another one may be made when that cannot go on. */
const SALVAGING: ReadonlySet<ReturnPhase> = new Set(['exporting', 'replaying', 'keeping', 'reseeding'])
/** What was found no longer holds, or is to be chosen about anew. */
const SCANNED_AGAIN: ReadonlySet<string> = new Set(['RETURN_TAIL_CHANGED', 'RETURN_CANNOT_KEEP', 'EVIDENCE_LOST'])

/** Has a region that waits for a choice compared once more: its clients may have written past a fence. */
export function scanAgain(document: GroupDocument, region: RegionName): GroupDocument {
  const entry = regionEntry(document, region)
  const record = entry?.return
  if (entry === undefined || (record?.phase !== 'choosing' && record?.phase !== 'needs-operator')) {
    throw notReturning(document, region, 'choosing')
  }
  if (record.stop?.at === 'fencing') throw notReturning(document, region, 'choosing')
  const { stop: _, choice: __, divergence: ___, ...rest } = record
  const anew = { ...rest, phase: 'scanning' as const, attempt: record.attempt + 1 }
  return withEntry(document, region, { ...entry, return: anew })
}

/** Lets a return that waits for a person try its step again. */
export function resumeReturn(document: GroupDocument, region: RegionName): GroupDocument {
  const entry = regionEntry(document, region)
  if (entry?.return?.phase !== 'needs-operator') throw notReturning(document, region, 'needs-operator')
  const { stop, ...record } = entry.return
  if (SCANNED_AGAIN.has(stop?.fault?.code ?? '')) return scanAgain(document, region)
  const resumed = { ...record, phase: stop?.at ?? 'scanning', attempt: record.attempt + 1 }
  return withEntry(document, region, { ...entry, return: resumed })
}

function withEntry(document: GroupDocument, region: RegionName, entry: RegionEntry): GroupDocument {
  return { ...document, regions: { ...document.regions, [region]: entry } }
}

function notReturning(document: GroupDocument, region: RegionName, phase: string): Error {
  return failoverFaults.fault('NOT_RETURNING', { region, group: document.group, phase })
}

function findOperation(document: GroupDocument, id: string): OperationRecord {
  if (document.operation?.id !== id) {
    throw failoverFaults.fault('OPERATION_NOT_FOUND', { group: document.group, operation: id })
  }
  return operationOf(document)
}

function findWaiting(document: GroupDocument, id: string): OperationRecord {
  const operation = findOperation(document, id)
  if (operation.phase !== 'needs-operator') {
    throw failoverFaults.fault('NOTHING_TO_RESUME', { what: `operation ${id}`, phase: operation.phase })
  }
  return operation
}
