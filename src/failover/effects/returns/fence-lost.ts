import { describeError, isFault, mayPass } from '../../../core/index.ts'
import { type RegionFences, STANDING } from '../../../security/index.ts'
import type { Json, Outcome } from '../../outcome.ts'
import { judgeApplied } from '../fence-effects.ts'
import { fencesOf } from '../group-rooms.ts'
import { outcomeOf, toJson } from '../outcomes.ts'
import type { ReturnCall } from './return-call.ts'
import type { FenceWindow } from './return-memory.ts'

/**
 * Puts the standing fence up as soon as the region answers, by the operator's command where no ACL can do it, and is done
 * when every broker has proved it. How long the region was open is told as far as this process has watched: from when it
 * last gave no answer to the proof.
 */
export async function fenceLost(call: ReturnCall): Promise<Outcome> {
  const fences = fencesOf(call, call.region)
  const outcome = await fenceAnyhow(call, fences)
  const window = noteAnswer(call, outcome.kind !== 'unknown')
  if (outcome.kind !== 'done') return outcome
  const trouble = await liftTopicConfigs(call, fences)
  if (trouble !== undefined) return trouble
  call.memory.windows.delete(call.region)
  const times = describeWindow(window, call.rooms.clock.nowMs())
  const { findings: _, ...rest } = outcome
  return { ...rest, evidence: { proof: outcome.evidence ?? null, window: times } }
}

/** Behind the standing fence: those of the failover refuse the markers of a takeover, and the broker forgets them. */
async function liftTopicConfigs({ rooms, signal }: ReturnCall, fences: RegionFences): Promise<Outcome | undefined> {
  const { records } = await fences.records(signal)
  const own = records.filter(({ means, group }) => means === 'topic-config' && group === rooms.group)
  for (const { group, operation, means } of own) {
    const lifted = await fences.lift({ group, operation, means, by: rooms.actor }, signal)
    if (lifted.kind !== 'done') return outcomeOf(lifted)
  }
  return undefined
}

async function fenceAnyhow(call: ReturnCall, fences: RegionFences): Promise<Outcome> {
  try {
    const byAcl = await fenceByAcl(call, fences)
    return byAcl.kind === 'failed' && fences.hasCommand ? await fenceByCommand(call, fences) : byAcl
  } catch (error) {
    call.signal.throwIfAborted()
    if (!isFault(error) || !mayPass(error)) throw error
    return { kind: 'unknown', reason: describeError(error) }
  }
}

/** The standing fence of a standby, which it keeps when it is one again. */
async function fenceByAcl({ rooms, region, record, signal }: ReturnCall, fences: RegionFences): Promise<Outcome> {
  const claim = { operation: STANDING, by: rooms.actor, reason: `return ${record.id}`, untilMs: null }
  const applied = await fences.apply({ ...claim, scope: rooms.scope }, signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  return judgeApplied(region, await fences.prove(rooms.scope, signal))
}

/** Under a name of its own: one that was run while the region did not answer is run again. */
async function fenceByCommand({ rooms, region, record, signal }: ReturnCall, fences: RegionFences): Promise<Outcome> {
  const { group, actor: by } = rooms
  const claim = { group, operation: record.id, by, reason: `return ${record.id}`, untilMs: null }
  const applied = await fences.applyCommand(claim, signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  const check = await fences.checkCommand({ group, operation: record.id }, signal)
  const isHeld = check.verdict === 'fenced' || (check.verdict === 'unknown' && !fences.hasCommandCheck)
  if (!isHeld) return { kind: 'waiting', reason: `the fence command of ${region}: ${check.reason}` }
  const evidence = toJson({ applied: applied.evidence, check })
  return { kind: 'done', reason: `the fence command of ${region} succeeded`, evidence }
}

/** What was seen of the region's answers since this return began. */
function noteAnswer({ memory, region, record, rooms }: ReturnCall, hasAnswered: boolean): FenceWindow {
  const before = memory.windows.get(region)
  const known = before?.return === record.id ? before : undefined
  const nowMs = rooms.clock.nowMs()
  const window: FenceWindow = {
    return: record.id,
    silentAtMs: hasAnswered ? known?.silentAtMs : nowMs,
    answeredAtMs: hasAnswered ? (known?.answeredAtMs ?? nowMs) : undefined,
  }
  memory.windows.set(region, window)
  return window
}

/** Pure. Where the region answered from the first look on, nobody knows for how long it had been open. */
export function describeWindow({ silentAtMs, answeredAtMs }: FenceWindow, provedAtMs: number): Json {
  const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    lastSilentAt: timeOf(silentAtMs),
    firstAnswerAt: timeOf(answeredAtMs),
    provedAt: timeOf(provedAtMs),
    openMsAtMost: silentAtMs === undefined ? null : provedAtMs - silentAtMs,
  }
}
