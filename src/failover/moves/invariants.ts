import { checkAttempt } from '../automatic/change-attempt.ts'
import type { GroupDocument, OperationRecord, Phase, RegionEntry } from '../state.ts'
import { FIRST_PHASE, hasEnded, isBehindCommit, standsAt, stepOf, stepsOf } from './steps.ts'

/**
 * What always holds between two accepted documents of a group, stated without the code that makes them: every write of
 * this process is checked before it is sent, and the simulation checks every pair that the authority accepted.
 *
 * - The active region and the epoch change together, by a move that stood at its commit, by one; reigns only grow.
 * - Exactly one region has the role `active`, and it is the one that the document names.
 * - A lossless move is committed only with a fence that was proved, a cut, a drain, a proof and positions on record.
 * - A phase follows the table; an operation leaves the document only when it has ended or is superseded by a failover.
 * - Regions come and go as standbys, and while nothing runs.
 * - A region that was lost comes back only by way of its return; none without proof of its fence is a standby.
 * - Nothing is ordered by automatic mode without a fence on record, and no attempt ends with its fence forgotten.
 */
export function checkInvariants(before: GroupDocument | undefined, after: GroupDocument): string[] {
  const alone = [...checkDocument(after), ...checkAttempt(before, after)]
  if (before === undefined) return alone
  return [...alone, ...checkReigns(before, after), ...checkOperation(before, after), ...checkRoles(before, after)]
}

function checkDocument(document: GroupDocument): string[] {
  const { active, epoch, reigns, regions, operation } = document
  const activeRoles = Object.keys(regions).filter((name) => regions[name]?.role === 'active')
  const last = reigns.at(-1)
  return [
    ...sentences([
      [activeRoles.join() === active, `${active} is active, but the roles say ${activeRoles.join(', ')}`],
      [last?.epoch === epoch && last.active === active, `epoch ${epoch} of ${active} is not the last reign`],
      [
        operation?.phase !== 'needs-operator' || operation.stop !== undefined,
        `operation ${operation?.id} needs an operator without instructions`,
      ],
    ]),
    ...Object.entries(regions).flatMap(([region, entry]) => checkEntry(region, entry)),
  ]
}

function checkEntry(region: string, { role, unfenced, return: record }: RegionEntry): string[] {
  const isFollowing = role === 'standby' || role === 'active'
  return sentences([
    [
      !isFollowing || (unfenced === undefined && record === undefined),
      `${region} is ${role}, but its return has not ended`,
    ],
    [isFollowing || record !== undefined, `${region} is ${role} without a return`],
  ])
}

function checkReigns(before: GroupDocument, after: GroupDocument): string[] {
  const broken: string[] = []
  if (after.group !== before.group) broken.push(`group ${before.group} became ${after.group}`)
  if (after.generation < before.generation) broken.push('the generation went back')
  if (after.epoch === before.epoch) {
    if (after.active !== before.active) broken.push('the active region changed within an epoch')
    if (after.reigns.length !== before.reigns.length) broken.push('a reign was added within an epoch')
    return broken
  }
  if (after.epoch !== before.epoch + 1) broken.push(`the epoch went from ${before.epoch} to ${after.epoch}`)
  if (after.reigns.length !== before.reigns.length + 1) broken.push('a commit adds exactly one reign')
  return [...broken, ...checkCommit(before, after)]
}

function checkCommit(before: GroupDocument, after: GroupDocument): string[] {
  const operation = before.operation
  const next = after.operation
  if (operation === undefined || operation.phase !== 'committing') return ['the epoch was raised by no commit']
  const { from, to, fence, kind } = operation
  const held = ['proved', 'command', ...(kind === 'failover' ? ['standing', 'attested'] : [])]
  const needed = stepsOf(kind).filter(({ phase }) => NEEDED_EVIDENCE.has(phase))
  const missing = needed.filter(({ phase }) => operation.evidence[phase] === undefined).map(({ phase }) => phase)
  const isShown = fence !== 'attested' || after.regions[from]?.unfenced !== undefined
  return sentences([
    [next?.id === operation.id && next.phase === 'promoting', 'a commit leads to promoting'],
    [before.active === from && after.active === to, 'a commit moves as it was asked to'],
    [operation.epoch === before.epoch, 'a commit follows the epoch that was asked for'],
    [operation.abort === undefined, 'an aborted move was committed'],
    [before.regions[to]?.role !== 'reseeding', `${to} was committed while its records were being replaced`],
    [held.includes(fence), `committed with a fence that is ${fence}`],
    [isShown, `${from} is not shown as unfenced`],
    [missing.length === 0, `committed without evidence of ${missing.join(', ')}`],
  ])
}

/** What does not hold, of pairs of what has to and the sentence about it. */
function sentences(rules: readonly (readonly [holds: boolean, sentence: string])[]): string[] {
  return rules.filter(([holds]) => !holds).map(([, sentence]) => sentence)
}

/** What a commit has to be able to show; a fence may have been taken over, and is checked by its state. */
const NEEDED_EVIDENCE = new Set<Phase>(['cut', 'draining', 'proving', 'catching-up', 'translating'])

function checkOperation(before: GroupDocument, after: GroupDocument): string[] {
  const was = before.operation
  const is = after.operation
  if (was === undefined) {
    if (is === undefined) return []
    const isNew = is.phase === 'requested' && is.epoch === before.epoch && is.supersedes === undefined
    return isNew ? [] : [`operation ${is.id} appeared in ${is.phase}`]
  }
  if (is === undefined) return hasEnded(was.phase) ? [] : [`operation ${was.id} was dropped in ${was.phase}`]
  if (is.id !== was.id) return checkSuperseding(was, is)
  return [...checkSame(was, is), ...checkPhase(was, is)]
}

function checkSuperseding(was: OperationRecord, is: OperationRecord): string[] {
  if (is.supersedes?.operation !== was.id || is.phase !== 'requested') return [`${is.id} replaced ${was.id} unsaid`]
  const broken: string[] = []
  if (is.kind !== 'failover') broken.push(`a ${is.kind} superseded ${was.id}`)
  const isLifting = was.phase === 'rolling-back' || standsAt(was) === 'rolling-back'
  if (isLifting && is.fence !== 'intended') broken.push('a fence that was being lifted was taken over as proved')
  const mayStand = standsAt(was) === 'promoting' || was.fence === 'standing'
  if (is.fence === 'standing' && !mayStand) broken.push('a standing fence was claimed for an opened region')
  return broken
}

function checkSame(was: OperationRecord, is: OperationRecord): string[] {
  const broken: string[] = []
  const changed = (['kind', 'from', 'to', 'epoch'] as const).filter((field) => was[field] !== is[field])
  if (changed.length > 0) broken.push(`${changed.join(', ')} of operation ${was.id} changed`)
  if (is.request.planHash !== was.request.planHash) broken.push(`the plan of operation ${was.id} changed`)
  if (is.writePausedMs < was.writePausedMs) broken.push('the write pause became shorter')
  if (is.attempt < was.attempt) broken.push('the attempts went back')
  if (is.warnings.length < was.warnings.length) broken.push('a warning was taken back')
  return broken
}

function checkPhase(was: OperationRecord, is: OperationRecord): string[] {
  if (is.phase === was.phase) return []
  if (is.attempt === was.attempt) return [`${was.phase} went to ${is.phase} within one attempt`]
  const at = standsAt(was)
  const allowed = nextPhases(was, at)
  return allowed.has(is.phase) ? [] : [`${was.phase} (at ${at}) went to ${is.phase}`]
}

function nextPhases(was: OperationRecord, at: Phase): Set<Phase> {
  if (hasEnded(was.phase)) return new Set()
  const step = stepOf(was.kind, at)
  const next = new Set<Phase>([step?.next ?? FIRST_PHASE])
  if (step !== undefined) next.add('needs-operator')
  if (was.phase === 'needs-operator') next.add(at)
  // The commit is behind a compare-and-set of its own: only `committing` itself goes there.
  if (was.phase === 'needs-operator' && at === 'committing') next.delete('promoting')
  if (!isBehindCommit(at) && was.fence !== 'standing')
    next.add(was.fence === 'untouched' ? 'rolled-back' : 'rolling-back')
  return next
}

function checkRoles(before: GroupDocument, after: GroupDocument): string[] {
  const isCommit = after.epoch !== before.epoch
  const isIdle = before.operation === undefined && after.operation === undefined
  const gone = Object.keys(before.regions).filter((region) => !Object.hasOwn(after.regions, region))
  const lost = gone.filter((region) => !isIdle || before.regions[region]?.role !== 'standby')
  const changes = Object.entries(after.regions).flatMap(([region, is]) => {
    const was = before.regions[region]
    if (was === undefined) {
      return isIdle && is.role === 'standby' ? [] : [`${region} was added as ${is.role}, or while a move ran`]
    }
    if (was.role === is.role) return []
    const broken: string[] = []
    if (!isCommit && (was.role === 'active' || is.role === 'active')) broken.push(`${region} became ${is.role}`)
    if (is.role === 'standby' && !mayFollow(was, isCommit)) broken.push(`${region} went from ${was.role} to standby`)
    if (is.role === 'reseeding' && was.role !== 'returning') broken.push(`${region} is re-seeded without a scan`)
    return broken
  })
  return [...lost.map((region) => `${region} is gone`), ...changes]
}

/** A region follows again after its return, and the one that a lossless move has left follows at once. */
function mayFollow(was: RegionEntry, isCommit: boolean): boolean {
  return (isCommit && was.role === 'active') || was.return?.phase === 'rejoining'
}
