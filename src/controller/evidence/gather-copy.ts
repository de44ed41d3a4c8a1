import type { CopyEvidence, GroupClients } from '../../failover/index.ts'
import { findBlockingIncidents, type IncidentStatus } from '../../replication/index.ts'
import { type CopyView, findCopying, findLink, findWrongDirections, textOf, viewCopies } from './copies.ts'
import { type Gathering, namesOf } from './gathering.ts'
import { findInternalOutside } from './internal-topics.ts'
import { mustAnswer } from './looks.ts'
import { findMembersOf } from './members.ts'
import { readPositionsAge } from './positions.ts'
import type { Readers } from './readers.ts'
import { findUnequalCounts } from './topic-parity.ts'

export async function gatherCopy(gathering: Gathering): Promise<CopyEvidence> {
  const { parts, looks, source, target, isSelected } = gathering
  const { from, to } = { from: source.region, to: target.region }
  const [readers, views, gaps, positionsAgeMs, stayers] = await Promise.all([
    gathering.readers,
    looks.look(['loss-within-objective', 'offsets-identical', 'one-direction'], (signal) => {
      const partitions = source.topics?.flatMap(({ name: topic, partitions: all }) => {
        return all.map(({ partition }) => ({ topic, partition }))
      })
      return viewCopies(parts, { from, to, partitions }, signal)
    }),
    looks.look(['no-open-gaps'], (signal) => readOpenGaps(gathering, signal)),
    gatherPositionsAge(gathering),
    gatherStayers(gathering),
  ])
  return {
    wrongDirections: views && wrongDirections(gathering, views),
    openGaps: gaps?.map((gap) => `${textOf(gap)}: ${gap.code}`),
    unequalPartitionCounts: source.topics && target.topics && findUnequalCounts(source.topics, target.topics),
    positionsAgeMs,
    offsetsDiffer: views && offsetsDiffer(views, readers),
    internalTopicsOutside:
      readers &&
      source.metadata &&
      findInternalOutside({ readers: readers.readers, topics: namesOf(source.metadata.topics), isSelected }),
    shareGroups: readers?.shareGroups,
    groupsOnTarget: stayers?.map(({ group, members }) => `${group} (${members.length})`),
    ...(views && losses(views, source)),
  }
}

/** As this process knows them where it has flows of the link, else as the map of the target tells. */
async function readOpenGaps({ parts, source, target }: Gathering, signal: AbortSignal): Promise<IncidentStatus[]> {
  const { rooms } = parts
  const spec = rooms.linkOf(source.region, target.region)
  const isHere = findCopying(parts, source.region, target.region) !== undefined
  if (!isHere) mustAnswer(target.metadata, target.region)
  const incidents = isHere ? parts.replication().incidents : await rooms.replicator.moves.incidents(spec, signal)
  return findBlockingIncidents({ incidents }, new Set([spec.name]))
}

/** Groups of the source that have members on the target. */
async function gatherStayers({ looks, source, target, readers }: Gathering): Promise<GroupClients[] | undefined> {
  return await looks.look(['groups-away'], async (signal) => {
    mustAnswer(target.metadata, target.region)
    return await findMembersOf(target.cluster, mustAnswer(await readers, source.region).readers, signal)
  })
}

async function gatherPositionsAge(gathering: Gathering): Promise<number | null | undefined> {
  const { parts, looks, source, target } = gathering
  // Why its readers are not known is noted already.
  const readers = (await gathering.readers)?.readers
  if (readers === undefined) return undefined
  return await looks.look(['positions-fresh'], (signal) => {
    const wish = { from: source.region, to: target.region, readers, target: target.cluster }
    return readPositionsAge(parts, wish, signal)
  })
}

function wrongDirections({ parts, source, target }: Gathering, views: readonly CopyView[]): string[] {
  const link = findLink(parts, source.region, target.region)
  const back = findLink(parts, target.region, source.region)
  const flows = (back?.flows ?? []).filter(({ state }) => state !== 'stopped')
  return findWrongDirections({
    topics: namesOf(source.topics ?? []),
    copied: new Set([
      ...(link?.flows ?? []).map(({ topic }) => topic),
      ...views.filter(isCopied).map((it) => it.topic),
    ]),
    refused: link?.refusedTopics ?? [],
    copiedBack: new Set(flows.map(({ topic }) => topic)),
  })
}

function isCopied({ loss }: CopyView): boolean {
  return loss !== undefined
}

function offsetsDiffer(views: readonly CopyView[], readers: Readers | undefined) {
  return views
    .filter(({ isIdentical }) => isIdentical === false)
    .map((view) => {
      const partition = textOf(view)
      const of = (readers?.readers ?? []).filter(({ partitions }) => partitions.has(partition))
      return { partition, groups: of.map(({ groupId }) => groupId) }
    })
}

/** Pure. A source that does not answer, and that nothing has ever been seen of, is not one without records. */
export function losses(
  views: readonly CopyView[],
  { region, topics }: Pick<Gathering['source'], 'region' | 'topics'>,
): Pick<CopyEvidence, 'missing' | 'unknownLoss'> {
  const missing = views.flatMap((view) => (view.loss === undefined ? [] : [{ partition: textOf(view), ...view.loss }]))
  const unknown = views.filter(({ loss }) => loss === undefined).map(textOf)
  const isBlind = topics === undefined && views.length === 0
  return { missing, unknownLoss: isBlind ? [`anything on ${region}`] : unknown }
}
