import {
  type CutPartition,
  type DrainStatus,
  type PartitionEnds,
  provedEnds,
  type RecordedConfigs,
  type RefusedConfigs,
} from '../../replication/index.ts'
import type { Json, Outcome } from '../outcome.ts'
import type { EndedTransactions } from './ended-transactions.ts'
import { goalsOf, packCuts, packProofs, unpackCuts } from './evidence-of-cut.ts'
import { findOpening, leaking } from './fence-effects.ts'
import { type EffectCall, withMoves } from './group-rooms.ts'
import { firstOf, toJson } from './outcomes.ts'

/** What a lossless move does on the logs before its commit. */

export async function settle(call: EffectCall, known: EndedTransactions): Promise<Outcome> {
  const { rooms, operation, from, to, signal } = call
  return await withMoves(call, async (moves) => {
    // While the source is known to answer: the promotion has to do without it.
    const configs = await moves.recordConfigs(rooms.linkOf(from, to), signal)
    const refused = await moves.validateConfigs(to, configs, signal)
    if (refused.length > 0) return refusedConfigs(to, refused)
    const partitions = await moves.partitions(from, rooms.topics, signal)
    const settling = await moves.settle(from, { partitions, withinMs: rooms.waitMs }, signal)
    const ended = known.note(operation.id, settling.ended)
    if (settling.kind === 'settled') {
      return {
        kind: 'done',
        reason: `no transaction is open, ${ended.length} were ended`,
        evidence: toJson({ ended, configs }),
      }
    }
    const { reason, hanging } = settling
    const hint = 'are hanging: end them with kafka-transactions.sh abort'
    const names = ended.map(({ transactionalId }) => transactionalId)
    const before = names.length === 0 ? '' : `; ended so far: ${firstOf(names)}`
    return {
      kind: 'waiting',
      reason: `${hanging.length > 0 ? `${reason}; ${hanging.length} ${hint}` : reason}${before}`,
    }
  })
}

export async function cut(call: EffectCall): Promise<Outcome> {
  const { rooms, from, signal } = call
  return await withMoves(call, async (moves) => {
    const partitions = await moves.partitions(from, rooms.topics, signal)
    const cutting = await moves.cut(from, { name: rooms.group, partitions, withinMs: rooms.waitMs }, signal)
    const { kind, cuts } = cutting
    if (kind === 'cut') return { kind: 'done', reason: `${cuts.length} partitions are cut`, evidence: packCuts(cuts) }
    const progress = { done: cuts.length, total: partitions.length }
    return { kind: 'waiting', reason: cutting.reason, progress }
  })
}

export async function drain(call: EffectCall): Promise<Outcome> {
  const { rooms, from, to, signal } = call
  const cuts = unpackCuts(await call.evidenceOf('cut'))
  return await withMoves(call, async (moves) => {
    const drained = await moves.drain(rooms.linkOf(from, to), goalsOf(cuts), signal)
    return judgeDrained(to, drained) ?? { kind: 'done', reason: `${to} holds everything below the cut` }
  })
}

export async function prove(call: EffectCall): Promise<Outcome> {
  const { rooms, from, to, signal } = call
  const cuts = unpackCuts(await call.evidenceOf('cut'))
  return await withMoves(call, async (moves) => {
    const proofs = await moves.prove(rooms.linkOf(from, to), goalsOf(cuts), signal)
    const ends = provedEnds(cuts, proofs)
    const reason = `the ends of ${ends.length} partitions are equal`
    return judgeDrained(to, proofs) ?? { kind: 'done', reason, evidence: packProofs(ends) }
  })
}

/** The last look before the commit. */
export async function confirm(call: EffectCall): Promise<Outcome> {
  const { rooms, operation, from, to, signal } = call
  return await withMoves(call, async (moves) => {
    const there = await moves.ends(to, await moves.partitions(to, rooms.topics, signal), signal)
    const silentThere = findSilent(to, there)
    if (silentThere !== undefined) return silentThere
    const opening = await findOpening(call)
    if (opening !== undefined) return opening
    if (operation.kind === 'failover') return { kind: 'done', reason: `${to} answers` }
    const cuts = unpackCuts(await call.evidenceOf('cut'))
    const uncut = findUncut(await moves.partitions(from, rooms.topics, signal), cuts)
    if (uncut.length > 0) return leaking(call, `partitions that were not there at the cut: ${firstOf(uncut)}`)
    const silentHere = findSilent(from, await moves.ends(from, cuts, signal))
    return silentHere ?? judgeLeaks(call, await moves.leaks(from, cuts, signal))
  })
}

/** What `settle` has recorded for the promotion; undefined where it was not part of the move. */
export function configsIn(evidence: Json | undefined): readonly RecordedConfigs[] | undefined {
  return (evidence as { readonly configs?: readonly RecordedConfigs[] } | undefined)?.configs
}

function refusedConfigs(to: string, refused: readonly RefusedConfigs[]): Outcome {
  const message = `${to} refuses configs of ${firstOf(refused.map((one) => `${one.targetTopic}: ${one.reason}`))}`
  const remedy = 'Change these configs on the source, or lift the policy of the target, then start the move again.'
  return { kind: 'failed', fault: { code: 'CONFIGS_REFUSED', message, remedy } }
}

/** Pure: undefined where everything is there. */
export function judgeDrained(to: string, drained: readonly DrainStatus[]): Outcome | undefined {
  const left = drained.filter(({ reason }) => reason !== undefined)
  const [first] = left
  if (first === undefined) return undefined
  return {
    kind: 'waiting',
    reason: `${to} lacks something of ${left.length} partitions, such as ${nameOf(first)}: ${first.reason}`,
    progress: { done: drained.length - left.length, total: drained.length },
  }
}

/** Pure: a partition that does not answer is no leak. */
export function findSilent(region: string, ends: readonly PartitionEnds[]): Outcome | undefined {
  const silent = ends.filter(({ errorCode }) => errorCode !== 0).map(nameOf)
  if (silent.length === 0) return undefined
  return { kind: 'waiting', reason: `${region} does not tell the ends of ${firstOf(silent)}` }
}

/** Pure. */
export function judgeLeaks(
  call: Pick<EffectCall, 'from'>,
  leaks: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[],
): Outcome {
  if (leaks.length === 0) return { kind: 'done', reason: 'nothing was written behind the cut' }
  return leaking(call, firstOf(leaks.map((leak) => `${nameOf(leak)}: ${leak.reason}`)))
}

function findUncut(partitions: readonly CutPartition[], cuts: readonly CutPartition[]): string[] {
  const known = new Set(cuts.map((one) => `${one.topicId} ${one.partition}`))
  return partitions.filter((one) => !known.has(`${one.topicId} ${one.partition}`)).map(nameOf)
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`
}
