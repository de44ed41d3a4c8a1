import { type RegionName, regionName } from '../../core/index.ts'
import type { LinkSpec, ProvedEnd } from '../../replication/index.ts'
import type { Donor, Json, Outcome } from '../outcome.ts'
import { packProofs, unpackProofs } from './evidence-of-cut.ts'
import { answers, type EffectCall, otherStandbys, stopCopy, withMoves } from './group-rooms.ts'
import { firstOf } from './outcomes.ts'

/** What the new active region has fetched from another survivor; the link is made from the configuration again. */
export interface DonatedTopics {
  readonly donor: RegionName
  /** Their names on the donor. */
  readonly topics: readonly string[]
  readonly proofs: readonly ProvedEnd[]
}

/**
 * Fetches what another reachable standby holds beyond the new active region. One that was found to hold more is not given
 * up for being silent at one look: the group would commit without the rest of what it gives.
 */
export async function catchUp(call: EffectCall): Promise<Outcome> {
  const { rooms, operation, from, to, signal, permit } = call
  return await withMoves(call, async (moves) => {
    const donors: RegionName[] = []
    for (const region of otherStandbys(call)) if (await answers(call, moves, region)) donors.push(region)
    const silent = (operation.donors ?? []).filter(({ region }) => !donors.includes(region))
    if (silent.length > 0) return { kind: 'waiting', reason: explainSilent(silent, to) }
    if (donors.length === 0) return { kind: 'done', reason: `no other standby answers that could be ahead of ${to}` }
    const others = donors.map((donor) => rooms.linkOf(from, donor))
    const own = rooms.linkOf(from, to)
    for (const link of [own, ...others]) await stopCopy(call, link, 'its source is given up')
    const linkFrom = (donor: RegionName, topics: readonly string[]) => rooms.linkOf(donor, to, topics)
    const caught = await rooms.replicator.catchUp({ own, others, linkFrom, by: operation.id }, signal, {
      moves,
      permit,
    })
    if (caught.kind === 'waiting') {
      const links = caught.links.map(({ source: region, topics }) => ({ region, topics: [...topics.include] }))
      return { kind: 'waiting', reason: caught.reason, ...(links.length > 0 && { donors: links }) }
    }
    const reason = `${caught.caughtUp.length} partitions were fetched from ${donors.join(', ')}`
    const donated = caught.promote.map(({ link, proofs }) => ({
      donor: link.source,
      topics: [...link.topics.include],
      proofs,
    }))
    return { kind: 'done', reason, evidence: packDonated(donated) }
  })
}

function explainSilent(silent: readonly Donor[], to: string): string {
  const given = silent.map(({ region, topics }) => `${region} does not answer, which has more of ${firstOf(topics)}`)
  return `${given.join('; ')} than ${to}`
}

export function packDonated(donated: readonly DonatedTopics[]): Json {
  return { donated: donated.map(({ donor, topics, proofs }) => ({ donor, topics, proofs: packProofs(proofs) })) }
}

export function unpackDonated(evidence: Json | undefined): DonatedTopics[] {
  const { donated = [] } = (evidence ?? {}) as {
    readonly donated?: readonly { readonly donor: string; readonly topics: readonly string[]; readonly proofs: Json }[]
  }
  return donated.map(({ donor, topics, proofs }) => {
    return { donor: regionName(donor), topics, proofs: unpackProofs(proofs) }
  })
}

export function donatedLink({ rooms, to }: EffectCall, { donor, topics }: DonatedTopics): LinkSpec {
  return rooms.linkOf(donor, to, topics)
}
