import { invariant } from '../../core/index.ts'
import type { EvidenceRef } from '../evidence.ts'
import type { Donor, FaultNote, Findings } from '../outcome.ts'
import { startReturn } from '../returns/start-return.ts'
import type { FenceState, GroupDocument, OperationRecord, Phase, RegionEntry, Stop } from '../state.ts'
import { FIRST_PHASE, isReversible, standsAt, type Step } from './steps.ts'

/**
 * Every change of a running operation: a function from document to document. Nothing else writes `operation`, `epoch` or
 * `active`, except the requests of an operator (`requests.ts`).
 */
export interface Moment {
  /** Now, for people. */
  readonly at: string
  readonly writePausedMs: number
}

/** What the effect of the present phase came to, as far as the document keeps it. */
export interface Kept extends Omit<Findings, 'fence' | 'divergence'> {
  readonly evidence?: EvidenceRef
  readonly fence?: FenceState
}

export function beginOperation(document: GroupDocument, moment: Moment): GroupDocument {
  return withOperation(document, enter(operationOf(document), FIRST_PHASE, moment))
}

/** Goes on to the next phase; out of `committing` that is the commit. */
export function advance(document: GroupDocument, step: Step, moment: Moment, kept: Kept = {}): GroupDocument {
  const found = keep(operationOf(document), step, kept)
  if (step.phase === 'committing') return commit(document, found, moment)
  const next = enter(found, step.next, moment)
  // From here on a call may have been made, whatever becomes of it.
  const marked = next.phase === 'fencing' && next.fence === 'untouched' ? { ...next, fence: 'intended' as const } : next
  return withOperation(withRoles(document, findsRoles(step) ? (kept.roles ?? {}) : {}, moment.at), marked)
}

/** The commit point: epoch, active region and roles change together, or not at all. */
function commit(document: GroupDocument, operation: OperationRecord, moment: Moment): GroupDocument {
  const { from, to, fence, kind, id } = operation
  const epoch = document.epoch + 1
  invariant(document.active === from, `operation ${id} leaves ${from}, but ${document.active} is active`)
  invariant(fence !== 'untouched' && fence !== 'intended', `operation ${id} commits with a fence that is ${fence}`)
  const left: RegionEntry =
    kind === 'failover'
      ? {
          role: 'lost',
          since: moment.at,
          reason: `left by ${kind} ${id}`,
          return: startReturn(from, epoch, id),
          ...(fence === 'attested' && { unfenced: { operation: id, reason: 'attested, not proved' } }),
        }
      : { role: 'standby', since: moment.at, reason: `left by ${kind} ${id}` }
  return {
    ...document,
    epoch,
    active: to,
    regions: {
      ...document.regions,
      [from]: left,
      [to]: { role: 'active', since: moment.at, reason: `${kind} ${id}` },
    },
    reigns: [...document.reigns, { epoch, active: to, kind, operation: id, committedAt: moment.at }],
    operation: enter(operation, 'promoting', moment),
  }
}

/** Goes back: at once where nothing was touched, by lifting the fences otherwise. */
export function rollBack(document: GroupDocument, stop: Stop, moment: Moment): GroupDocument {
  const operation = operationOf(document)
  invariant(isReversible(operation), `operation ${operation.id} is rolled back from ${operation.phase}`)
  const phase = operation.fence === 'untouched' ? 'rolled-back' : 'rolling-back'
  // A fence that is being lifted proves nothing any more.
  const fence = operation.fence === 'untouched' ? 'untouched' : 'intended'
  return withOperation(document, { ...enter(operation, phase, moment), fence, stop })
}

export function stopForOperator(document: GroupDocument, stop: Stop, moment: Moment): GroupDocument {
  const operation = operationOf(document)
  return withOperation(document, { ...enter(operation, 'needs-operator', moment), stop })
}

/** Puts on record how long applications have been held up, so that a controller that takes over counts on. */
export function notePause(document: GroupDocument, moment: Moment): GroupDocument {
  return withOperation(document, { ...operationOf(document), writePausedMs: moment.writePausedMs })
}

/** Has every process that copies run the links of the catch-up; whichever phase comes next ends them. */
export function noteDonors(document: GroupDocument, donors: readonly Donor[]): GroupDocument {
  return withOperation(document, { ...operationOf(document), donors })
}

/** Takes an ended operation out of the document; its record stands under its own key by then. */
export function dropOperation(document: GroupDocument): GroupDocument {
  const { operation: _, ...rest } = document
  return rest
}

/** The sentence and instructions for an operation that stops at its present step. */
export function stopAt(operation: OperationRecord, step: Step, reason: string, fault?: FaultNote): Stop {
  return { at: standsAt(operation), reason, instructions: step.instructions, ...(fault !== undefined && { fault }) }
}

export function operationOf(document: GroupDocument): OperationRecord {
  invariant(document.operation !== undefined, `group ${document.group} has no operation`)
  return document.operation
}

export function withOperation(document: GroupDocument, operation: OperationRecord): GroupDocument {
  return { ...document, operation }
}

function enter(operation: OperationRecord, phase: Phase, { writePausedMs }: Moment): OperationRecord {
  const { stop: _, donors, ...rest } = operation
  // Who waits for a person there goes on copying.
  const kept = phase === 'needs-operator' && donors !== undefined ? { donors } : {}
  return { ...rest, ...kept, phase, attempt: operation.attempt + 1, writePausedMs }
}

function findsRoles({ effect }: Step): boolean {
  return effect === 'reverse' || effect === 'rollBack'
}

function keep(operation: OperationRecord, step: Step, kept: Kept): OperationRecord {
  const { evidence, fence, warning } = kept
  return {
    ...operation,
    // No other step proves a fence.
    ...(fence !== undefined && step.effect === 'fence' && { fence }),
    ...(evidence !== undefined && { evidence: { ...operation.evidence, [step.phase]: evidence } }),
    ...(warning !== undefined && { warnings: [...operation.warnings, warning] }),
  }
}

function withRoles(document: GroupDocument, roles: NonNullable<Kept['roles']>, at: string): GroupDocument {
  const cause = operationOf(document).id
  const entries = Object.entries(document.regions).map(([region, entry]): [string, RegionEntry] => {
    const found = roles[region]
    if (entry.role !== 'standby' || found === undefined || found.role === 'standby') return [region, entry]
    return [
      region,
      { role: found.role, since: at, reason: found.reason, return: startReturn(region, document.epoch, cause) },
    ]
  })
  return { ...document, regions: Object.fromEntries(entries) }
}
