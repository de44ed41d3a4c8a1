import { isFault, type RegionName } from '../../core/index.ts'
import {
  type CloseOptions,
  type CopyProgress,
  type Moves,
  type PartitionCut,
  provedEnds,
} from '../../replication/index.ts'
import type { FoundRole, Json, Outcome } from '../outcome.ts'
import type { Phase } from '../state.ts'
import { donatedLink, unpackDonated } from './catch-up.ts'
import { goalsOf, unpackCuts } from './evidence-of-cut.ts'
import { answers, type EffectCall, otherStandbys, startCopy, stopCopy, withMoves } from './group-rooms.ts'
import { judgeDrained } from './log-effects.ts'

/**
 * Has every standby follow the new active region. The copies that another standby has from the region that was left end
 * first, taken over so that no link of the reign before adds to them; one that then turns out to be ahead of the active
 * region is compared by a person's choice, as a lost region is, and is not copied to.
 */
export async function reverse(call: EffectCall): Promise<Outcome> {
  const { document, from, to } = call
  const roles: Record<string, FoundRole> = {}
  // One standby that is slow holds up no other one.
  let held: Outcome | undefined
  return await withMoves(call, async (moves) => {
    for (const region of otherStandbys(call)) {
      if (!(await answers(call, moves, region))) {
        roles[region] = { role: 'lost', reason: 'it did not answer when the group moved' }
        continue
      }
      const trouble = await release(call, moves, region)
      if (trouble !== undefined) {
        held ??= trouble
        continue
      }
      const ahead = findAhead(await reached(call, moves), await copiesOf(call, moves, region))
      if (ahead.length > 0) {
        roles[region] = { role: 'returning', reason: `it holds more than ${to} of ${ahead.length} partitions` }
        continue
      }
      await startCopy(call, { source: to, target: region })
      roles[region] = { role: 'standby', reason: `it follows ${to}` }
    }
    if (document.regions[from]?.role === 'standby') {
      await startCopy(call, { source: to, target: from })
      roles[from] = { role: 'standby', reason: `it follows ${to}` }
    }
    return held ?? { kind: 'done', reason: `links run from ${to}`, findings: { roles } }
  })
}

/**
 * Undefined also where the authority was restored and has none: to wait for it would leave the standbys without copies for
 * good. Without a cut they end as far as they got, as after a failover; one that then seems to be ahead is compared.
 */
export async function evidenceIfKept(
  { evidenceOf }: Pick<EffectCall, 'evidenceOf'>,
  phase: Phase,
): Promise<Json | undefined> {
  try {
    return await evidenceOf(phase)
  } catch (error) {
    if (isFault(error) && error.code === 'EVIDENCE_LOST') return undefined
    throw error
  }
}

/** Ends the copies of a standby: after a cut when it holds everything below, else as far as it got. */
async function release(call: EffectCall, moves: Moves, region: RegionName): Promise<Outcome | undefined> {
  const { rooms, operation, from, signal } = call
  const link = rooms.linkOf(from, region)
  let how: Pick<CloseOptions, 'proofs' | 'unproved'> = { unproved: 'end' }
  const cut = operation.kind === 'failover' ? undefined : await evidenceIfKept(call, 'cut')
  if (cut !== undefined) {
    const cuts = findOpen(unpackCuts(cut), await copiesOf(call, moves, region))
    const drained = judgeDrained(region, await moves.drain(link, goalsOf(cuts), signal))
    if (drained !== undefined) return drained
    how = { proofs: provedEnds(cuts, await moves.prove(link, goalsOf(cuts), signal)), unproved: 'wait' }
  }
  await stopCopy(call, link, `${call.to} is active`)
  const options = { ...how, isPromotion: false, markers: 'always', by: operation.id } as const
  const { waiting } = await moves.close(link, options, signal)
  const [first] = waiting
  if (first === undefined) return undefined
  const { key, reason } = first
  return { kind: 'waiting', reason: `${waiting.length} copies of ${region}, such as ${key.targetTopic}: ${reason}` }
}

/** Pure: cuts of partitions whose copies have not ended yet; an earlier call may have come half the way. */
export function findOpen(cuts: readonly PartitionCut[], copies: readonly CopyProgress[]): PartitionCut[] {
  const ended = copies.filter(({ end, reason }) => end === undefined && reason === undefined)
  const names = new Set(ended.map(({ key }) => `${key.topic}-${key.partition}`))
  return cuts.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
}

function copiesOf({ rooms, from, signal }: EffectCall, moves: Moves, region: RegionName): Promise<CopyProgress[]> {
  return moves.progress(rooms.linkOf(from, region), signal)
}

/** How much of the region that was left the new active one holds: copied from it, or fetched from a survivor. */
async function reached(call: EffectCall, moves: Moves): Promise<CopyProgress[]> {
  const own = await copiesOf(call, moves, call.to)
  const fetched: CopyProgress[] = []
  for (const one of unpackDonated(await evidenceIfKept(call, 'catching-up'))) {
    const topics = new Set(donatedLink(call, one).topics.include)
    const copies = await copiesOf(call, moves, one.donor)
    fetched.push(...copies.filter(({ key }) => topics.has(key.targetTopic)))
  }
  return [...own, ...fetched]
}

/** Pure: partitions of which a copy got further than any of the others, or of which that cannot be told. */
export function findAhead(reached: readonly CopyProgress[], copies: readonly CopyProgress[]): string[] {
  const known = new Map<string, number>()
  for (const { key, sourceNext } of reached) {
    const name = `${key.topic}-${key.partition}`
    known.set(name, Math.max(known.get(name) ?? 0, sourceNext))
  }
  return copies.flatMap(({ key, sourceNext }) => {
    const name = `${key.topic}-${key.partition}`
    return sourceNext < 0 || sourceNext > (known.get(name) ?? 0) ? [name] : []
  })
}
