import { isFault, pause, type RegionName, withTimeLimit } from '../../core/index.ts'
import {
  type CommandPart,
  type FenceClaim,
  type FenceProof,
  type FenceRecord,
  isByHand,
  type LiftedFence,
  type RegionFences,
} from '../../security/index.ts'
import { explainOutcome, type Outcome } from '../outcome.ts'
import { type EffectCall, fencesOf } from './group-rooms.ts'
import { outcomeOf, toJson } from './outcomes.ts'

/**
 * A failover has no time for a region that does not answer; well below the limit of its step. A command is given what the
 * operator allows it, in calls of this length.
 */
export const HASTE_MS = 2_500
/** How long a check is waited for in one call, and how often one that says `open` is asked. */
const CHECK_WAIT_MS = 2_000
const CHECK_EVERY_MS = 500

/** Fences the region that is left and proves it on every broker; by the operator's command where no ACL can do it. */
export async function fence(call: EffectCall): Promise<Outcome> {
  const fences = fencesOf(call, call.from)
  if (call.operation.kind === 'failover') return await fenceInHaste(call, fences)
  const byAcl = await fenceByAcl(call, fences)
  return byAcl.kind === 'failed' && fences.hasCommand ? await fenceByCommand(call, fences) : byAcl
}

/** The region may answer to neither means, and there is no time to try one after the other. */
async function fenceInHaste(call: EffectCall, fences: RegionFences): Promise<Outcome> {
  const acl = withinMs(call, HASTE_MS, (hasty) => fenceByAcl(hasty, fences))
  const command = fences.hasCommand ? fenceByCommand(call, fences, HASTE_MS) : undefined
  const [byAcl, byCommand] = await Promise.all([acl, command])
  if (byAcl.kind === 'done') return byAcl
  // A command that runs is worth waiting for, whatever becomes of the ACLs.
  if (byCommand?.kind === 'done' || byCommand?.kind === 'waiting') return byCommand
  const hasFailed = byAcl.kind === 'failed' && (byCommand === undefined || byCommand.kind === 'failed')
  if (!hasFailed) return joinTroubles(byAcl, byCommand)
  if (!fences.allowsTopicConfig) return byCommand ?? byAcl
  return await withinMs(call, HASTE_MS, (hasty) => fenceByTopicConfig(hasty, fences))
}

/** Neither means has held, and at least one of them may yet: it is told what became of both. */
function joinTroubles(byAcl: Outcome, byCommand: Outcome | undefined): Outcome {
  if (byCommand === undefined) return byAcl
  const reason = `${explainOutcome(byAcl)}; ${explainOutcome(byCommand)}`
  return { kind: 'unknown', reason }
}

/**
 * The last resort, and of failovers only: it refuses the markers that a switchover cuts with, as it refuses everything
 * else, so that no cut is possible behind it.
 */
async function fenceByTopicConfig(call: EffectCall, fences: RegionFences): Promise<Outcome> {
  const { rooms, from, signal } = call
  const { group: _, ...claim } = claimOf(call)
  const applied = await fences.applyTopicConfig({ ...claim, scope: rooms.scope }, signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  const outcome = judgeApplied(from, await fences.proveTopicConfig(rooms.scope, signal))
  if (outcome.kind !== 'done') return outcome
  const warning = `${from} is fenced by max.message.bytes=0 alone: whoever puts configs of its topics back opens it`
  return { ...outcome, findings: { ...outcome.findings, warning } }
}

/** What has not ended by then goes on record as unknown, and is asked again. */
export async function withinMs<Found>(
  call: EffectCall,
  limitMs: number,
  run: (call: EffectCall) => Promise<Found>,
  late: () => Found | Outcome = () => ({
    kind: 'unknown',
    reason: `${call.from} has not answered within ${limitMs} ms`,
  }),
): Promise<Found | Outcome> {
  const { rooms, signal } = call
  const over = new Error('no time is left')
  let last = signal
  try {
    return await withTimeLimit({ clock: rooms.clock, limitMs, signal, late: () => over }, (inTime) => {
      last = inTime
      return run({ ...call, signal: inTime })
    })
  } catch (error) {
    signal.throwIfAborted()
    if (last.reason !== over) throw error
    return late()
  }
}

/**
 * Lifts every fence of the group on a region that is active: its standing one, and those of whichever operation, a
 * person's too. It is done once the region has acknowledged a change, so that nothing which was asked of a live broker
 * before comes into force later, and every broker accepts a canary.
 */
export async function lift(call: EffectCall, region: RegionName): Promise<Outcome> {
  const { rooms, signal } = call
  const fences = fencesOf(call, region)
  const { records, trouble } = await fences.records(signal)
  if (trouble !== undefined) return { kind: 'unknown', reason: `the records of fences cannot be read: ${trouble}` }
  const own = records.filter(({ group }) => group === rooms.group)
  const lifted: LiftedFence[] = []
  for (const operation of new Set(own.map((record) => record.operation))) {
    const step = await fences.lift({ group: rooms.group, operation, by: rooms.actor }, signal)
    if (step.kind !== 'done') return outcomeOf(step)
    lifted.push(step.evidence)
  }
  const unrecorded = await liftUnrecorded(call, fences, { own, lifted })
  if (typeof unrecorded === 'object') return unrecorded
  const open = await fences.proveOpen(rooms.scope, signal)
  if (open.kind !== 'done') return outcomeOf(open)
  const isTried = open.evidence.topicsTried > 0
  const warnings = [
    ...warnOfLift(region, { own, lifted }),
    ...(unrecorded === undefined ? [] : [unrecorded]),
    ...(isTried ? [] : [`no canary was tried in ${region}: that applications can write is told by its ACLs alone`]),
  ]
  return {
    kind: 'done',
    reason: isTried ? `every broker of ${region} accepts the canary` : `every fence of ${region} is lifted`,
    evidence: toJson({ lifted, open: open.evidence }),
    ...(warnings.length > 0 && { findings: { warning: warnings.join('; ') } }),
  }
}

interface Lifting {
  readonly own: readonly FenceRecord[]
  readonly lifted: readonly LiftedFence[]
}

/** What may stand without a record, whose writer ended, or could not write it: a warning, or what the lift has to wait for. */
async function liftUnrecorded(
  call: EffectCall,
  fences: RegionFences,
  { own, lifted }: Lifting,
): Promise<Outcome | string | undefined> {
  const { signal } = call
  if (lifted.every(({ removed }) => removed === 0)) {
    const acknowledged = await fences.acknowledge(signal)
    if (acknowledged.kind !== 'done') return outcomeOf(acknowledged)
  }
  if (!fences.hasCommand || own.some(({ means }) => means === 'command')) return undefined
  const command = await fences.liftUnrecordedCommand(claimOf(call), signal)
  if (command.kind === 'waiting') return outcomeOf(command)
  if (command.kind === 'done') return undefined
  const why = command.kind === 'failed' ? command.fault.message : command.reason
  return `no fence command is on record in ${fences.region}, and the one that lifts it did not succeed: ${why}`
}

function warnOfLift(region: RegionName, { own, lifted }: Lifting): string[] {
  const byHand = own.filter(isByHand)
  const late = `a broker of ${region} is away that may still carry out a call to fence it; Isthmus takes that fence away again`
  return [
    ...byHand.map(({ setBy, reason }) => `the fence of ${region} that ${setBy} put up by hand was lifted (${reason})`),
    ...(lifted.some(({ isQuiet }) => !isQuiet) ? [late] : []),
  ]
}

/** Whether the fence that the operation has put up holds now; undefined where it does, or nobody can be asked. */
export async function findOpening(call: EffectCall): Promise<Outcome | undefined> {
  const { fence: means } = call.operation
  const fences = fencesOf(call, call.from)
  if (means === 'proved') return await lookForOpening(call, fences)
  // Nothing can be asked of an attestation, nor of a fence that another operation left standing.
  return means === 'command' ? await askCheck(call, fences) : undefined
}

/** The check has its own time, in calls of this length; a failover waits for none that hangs on a region that is dead. */
async function askCheck(call: EffectCall, fences: RegionFences): Promise<Outcome | undefined> {
  const { rooms, operation, from } = call
  const patient = { attempt: operation.attempt, waitMs: CHECK_WAIT_MS }
  const ask = async (hasty: EffectCall) => {
    const check = await fences.checkCommand({ group: rooms.group, operation: operation.id, patient }, hasty.signal)
    return check.isChecked ? judgeOpening(call, check) : undefined
  }
  const reason = `the check of the fence of ${from} has not ended within ${HASTE_MS} ms`
  const late = () => judgeOpening(call, { verdict: 'unknown', reason })
  const found = await withinMs(call, HASTE_MS, ask, late)
  return found?.kind === 'waiting' ? { ...found, patienceMs: fences.commandPatienceMs } : found
}

/** A failover does not wait for a region that has died behind its fence: to roll back there would be no way out. */
async function lookForOpening(call: EffectCall, fences: RegionFences): Promise<Outcome | undefined> {
  if (call.operation.kind !== 'failover') return judgeOpening(call, await proveAgain(call, fences))
  const silent: Outcome = { kind: 'unknown', reason: `${call.from} does not answer` }
  const found = await withinMs(call, HASTE_MS, async (hasty) => {
    try {
      return judgeOpening(hasty, await proveAgain(hasty, fences)) ?? silent
    } catch (error) {
      hasty.signal.throwIfAborted()
      if (isFault(error) && error.retriable) return silent
      throw error
    }
  })
  return found.kind === 'failed' ? found : undefined
}

/** By what the operation has fenced with. */
async function proveAgain({ rooms, operation, signal }: EffectCall, fences: RegionFences): Promise<FenceProof> {
  const { records } = await fences.records(signal)
  const isByConfig = records.some(({ operation: id, means, group, lifted }) => {
    return id === operation.id && group === rooms.group && means === 'topic-config' && lifted === null
  })
  return isByConfig ? await fences.proveTopicConfig(rooms.scope, signal) : await fences.prove(rooms.scope, signal)
}

/** Pure: what a proof means for a move that is about to commit. A failover's region may have gone down behind its fence. */
export function judgeOpening(
  call: Pick<EffectCall, 'from' | 'operation'>,
  { verdict, reason }: Pick<FenceProof, 'verdict' | 'reason'>,
): Outcome | undefined {
  if (verdict === 'fenced') return undefined
  if (verdict === 'open') return leaking(call, reason)
  return call.operation.kind === 'failover' ? undefined : { kind: 'waiting', reason }
}

export function leaking({ from }: Pick<EffectCall, 'from'>, reason: string): Outcome {
  const remedy = 'Find out who writes, take away its right, then start the move again.'
  return { kind: 'failed', fault: { code: 'FENCE_LEAKS', message: `the fence of ${from} leaks: ${reason}`, remedy } }
}

export function claimOf({ rooms, operation }: EffectCall): FenceClaim {
  const { group, actor: by } = rooms
  const { id, kind, to, request } = operation
  return { group, operation: id, by, reason: `${kind} to ${to}: ${request.reason}`, untilMs: null }
}

export async function fenceByAcl(call: EffectCall, fences: RegionFences): Promise<Outcome> {
  const { rooms, from, signal } = call
  const { group: _, ...claim } = claimOf(call)
  const applied = await fences.apply({ ...claim, scope: rooms.scope }, signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  return judgeApplied(from, await fences.prove(rooms.scope, signal))
}

/** Pure: what a proof means for a fence that was just put up. */
export function judgeApplied(from: string, proof: FenceProof): Outcome {
  if (proof.verdict !== 'fenced') return { kind: 'waiting', reason: `the fence of ${from}: ${proof.reason}` }
  const warning = proof.strength === 'refused' ? undefined : `${from} has no canary that was refused: ${proof.reason}`
  return {
    kind: 'done',
    reason: `${from} is fenced: ${proof.reason}`,
    evidence: toJson(proof),
    findings: { fence: 'proved', ...(warning !== undefined && { warning }) },
  }
}

/** Each call waits for a part of it: the programs go on in between, and what has been reached is found again. */
export async function fenceByCommand(call: EffectCall, fences: RegionFences, limitMs?: number): Promise<Outcome> {
  if (limitMs === undefined) return await callCommand(call, fences)
  let part: CommandPart = 'record'
  const late = (): Outcome => {
    const reason = `the fence command of ${call.from}: ${PARTS[part]} has not ended within ${limitMs} ms`
    return { kind: 'waiting', reason, patienceMs: fences.commandPatienceMs }
  }
  return await withinMs(call, limitMs, (hasty) => callCommand(hasty, fences, (at) => (part = at)), late)
}

const PARTS: Readonly<Record<CommandPart, string>> = {
  record: 'its record',
  command: 'the command itself',
  check: 'its check',
}

async function callCommand(
  call: EffectCall,
  fences: RegionFences,
  onPart: (part: CommandPart) => void = () => undefined,
): Promise<Outcome> {
  const { rooms, operation, from, signal } = call
  const applied = await fences.applyCommand(claimOf(call), signal, { onPart })
  if (applied.kind !== 'done') return outcomeOf(applied)
  onPart('check')
  const patient = { attempt: operation.attempt, waitMs: CHECK_WAIT_MS }
  const check = await fences.checkCommand({ group: rooms.group, operation: operation.id, patient }, signal)
  if (check.verdict === 'fenced' || !check.isChecked) {
    return {
      kind: 'done',
      reason: `the fence command of ${from} succeeded`,
      evidence: toJson({ applied: applied.evidence, check }),
      findings: { fence: 'command' },
    }
  }
  // What it has changed may take its time to be seen.
  await pause(rooms.clock, CHECK_EVERY_MS, signal)
  const reason = `the fence command of ${from} has succeeded, and ${check.reason}`
  return { kind: 'waiting', reason, patienceMs: fences.commandPatienceMs }
}
