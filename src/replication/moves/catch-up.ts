import type { RegionName } from '../../core/index.ts'
import type { LinkSpec } from '../link-options.ts'
import type { TopicPartition } from '../../kafka/index.ts'
import type { CopyProgress, DrainStatus, Goal } from './look-at-copies.ts'
import { type Moves, type ProvedEnd, provedEnds } from './moves.ts'
import type { MovedLink } from './moves-options.ts'
import { listOf, textOf } from './partition-text.ts'
import { type PlannedCatchUp, planCatchUp, type SurvivingCopy } from './plan-catch-up.ts'

/**
 * Before a region takes the place of one that is lost, it fetches what any other survivor holds beyond it: over links from
 * those survivors, with maps composed of the copies that both had from the lost region. What is lost then counts against
 * the most advanced survivor.
 *
 * The copies from the lost region end: on the donors with a marker, so that it stands where the promotion puts its own; on
 * the region itself without one, where its replicator has let go, so that what is fetched keeps its offsets.
 */
export interface CatchUpRequest {
  /** From the lost region to the one that is to become active; stopped. */
  readonly own: MovedLink
  /** From the lost region to each other survivor; stopped. */
  readonly others: readonly MovedLink[]
  /** The link from a donor to the region, of these topics of the donor. */
  readonly linkFrom: (donor: RegionName, topics: readonly string[]) => LinkSpec
  readonly by: string
}

export interface CatchUpContext {
  readonly moves: Moves
  addLink(spec: LinkSpec): Promise<void>
  stopLink(spec: LinkSpec, signal: AbortSignal): Promise<void>
}

export type CatchUp =
  | { readonly kind: 'done'; readonly caughtUp: readonly PlannedCatchUp[]; readonly promote: readonly CaughtUpLink[] }
  | {
      readonly kind: 'waiting'
      readonly reason: string
      readonly left: readonly DrainStatus[]
      /** The links that have to run meanwhile, wherever links run. */
      readonly links: readonly LinkSpec[]
    }

/** A copy from a donor, to be closed with the promotion, before the one from the lost region. */
export interface CaughtUpLink {
  readonly link: LinkSpec
  readonly proofs: readonly ProvedEnd[]
}

interface DonorLink {
  readonly link: LinkSpec
  /** What is to be fetched. */
  readonly goals: readonly Goal[]
  /** Of the donor's log, behind its marker: of every partition of the topics that are fetched. */
  readonly ends: readonly (TopicPartition & { readonly end: number })[]
}

/** One pass; to be repeated until it is done. Faults: those of `Moves.close` and `Moves.prove`. */
export async function catchUp(context: CatchUpContext, request: CatchUpRequest, signal: AbortSignal): Promise<CatchUp> {
  const { moves } = context
  const { own, others } = request
  const plan = planCatchUp(
    survivorsOf(await moves.progress(own, signal)),
    new Map(
      await Promise.all(
        others.map(async (link) => [link.target, survivorsOf(await moves.progress(link, signal))] as const),
      ),
    ),
  )
  if (plan.unknown.length > 0) return waiting(`how far ${own.target} got is not known for ${listOf(plan.unknown)}`)
  const donors: DonorLink[] = []
  for (const [donor, planned] of Map.groupBy(plan.partitions, ({ from }) => from)) {
    const lost = others.find(({ target }) => target === donor)
    if (lost === undefined) continue
    const freed = await free(moves, request, { lost, planned }, signal)
    if (typeof freed === 'string') return waiting(freed)
    await context.addLink(freed.link)
    donors.push(freed)
  }
  const drained = await Promise.all(donors.map((one) => moves.drain(one.link, one.goals, signal)))
  const left = drained.flat().filter(({ reason }) => reason !== undefined)
  const links = donors.map(({ link }) => link)
  if (left.length > 0) return { kind: 'waiting', reason: `${left.length} partitions catch up`, left, links }
  const promote: CaughtUpLink[] = []
  for (const { link, goals, ends } of donors) {
    await context.stopLink(link, signal)
    const cuts = ends.map(({ topic, partition, end: cut }) => ({ topic, partition, cut }))
    const proofs = provedEnds(ends, await moves.prove(link, cuts, signal))
    const proved = new Set(proofs.map(textOf))
    const unproved = goals.filter((goal) => !proved.has(textOf(goal)))
    if (unproved.length > 0) return waiting(`not proved to have caught up: ${listOf(unproved.map(textOf))}`)
    promote.push({ link, proofs })
  }
  return { kind: 'done', caughtUp: plan.partitions, promote }
}

/** Ends the copies that stand in the way; a sentence where one of them can not end now. */
async function free(
  moves: Moves,
  { own, linkFrom, by }: CatchUpRequest,
  { lost, planned }: { readonly lost: MovedLink; readonly planned: readonly PlannedCatchUp[] },
  signal: AbortSignal,
): Promise<DonorLink | string> {
  const ended = await moves.close(lost, { isPromotion: false, markers: 'always', unproved: 'end', by }, signal)
  const onlyTopics = new Set(planned.map(({ topic }) => topic))
  const freed = await moves.close(
    own,
    { isPromotion: false, markers: 'where-needed', unproved: 'end', onlyTopics, by },
    signal,
  )
  const held = [...ended.waiting, ...freed.waiting]
  if (held.length > 0) return listOf(held.map(({ key, reason }) => `${textOf(key)}: ${reason}`))
  const wanted = new Set(planned.map(textOf))
  const concerned = ended.closed.filter(({ key }) => onlyTopics.has(key.topic))
  const ends = concerned.map(({ key, target }) => ({ topic: key.targetTopic, partition: key.partition, end: target }))
  const goals = concerned
    .filter(({ key }) => wanted.has(textOf(key)))
    .map(({ key, target }) => ({ topic: key.targetTopic, partition: key.partition, cut: target }))
  return { link: linkFrom(lost.target, [...new Set(ends.map(({ topic }) => topic))]), ends, goals }
}

function survivorsOf(progress: readonly CopyProgress[]): SurvivingCopy[] {
  return progress.map(({ key: { topic, partition }, sourceNext }) => ({ topic, partition, sourceNext }))
}

function waiting(reason: string): CatchUp {
  return { kind: 'waiting', reason, left: [], links: [] }
}
