import { type RegionName, regionName } from '../../core/index.ts'
import type {
  CopyEvidence,
  GroupDeskOptions,
  GroupDocument,
  ProviderEvidence,
  SourceEvidence,
  TargetEvidence,
} from '../../failover/index.ts'
import type { Cluster, ClusterMetadata, TopicMetadata } from '../../kafka/index.ts'
import { compileGroupSelection, findBlockingIncidents } from '../../replication/index.ts'
import type { EvictionProvider, RoutingProvider } from '../../routing/index.ts'
import { type CopyView, findLink, findPositionsAge, findWrongDirections, textOf, viewCopies } from './copies.ts'
import { findInternalOutside } from './internal-topics.ts'
import { Looks, mustAnswer } from './looks.ts'
import { findOwnRightsMissing } from './own-rights.ts'
import type { GatherParts } from './parts.ts'
import { findReaders, type Readers } from './readers.ts'
import {
  findClockOffset,
  findFenceUnavailable,
  type FencePlans,
  findUnfenced,
  readCertificateDays,
  readDiskFreeShare,
  readStanding,
  RIGHTS_LOOKS,
} from './region-looks.ts'
import { endsOf } from './source-rates.ts'
import { findMinIsrTooHigh, findUnderReplicated, findUnequalCounts, selectTopics } from './topic-parity.ts'

/** One side of the move, as far as it has answered. */
interface Side {
  readonly region: RegionName
  readonly cluster: Cluster
  readonly metadata: ClusterMetadata | undefined
  /** The topics of the group. */
  readonly topics: readonly TopicMetadata[] | undefined
}

interface Gathering {
  readonly parts: GatherParts
  readonly looks: Looks
  readonly source: Side
  readonly target: Side
  readonly isSelected: (topic: string) => boolean
  readonly readers: Promise<Readers | undefined>
}

/**
 * What the guards of a group judge by, from the regions as they are now. First both are asked for their topics, then
 * everything else at the same time; each look is bounded and fails alone, and nothing is kept from one gathering to the
 * next but how fast the source is written to.
 */
export function makeGather(parts: GatherParts): GroupDeskOptions['gather'] {
  return async (document, wish, signal) => {
    const looks = new Looks({ clock: parts.clock, lookMs: parts.lookMs }, signal)
    parts.rates.note(endsOf(parts.replication().links))
    const [source, target] = await Promise.all([
      lookAt(parts, looks, regionName(document.active)),
      lookAt(parts, looks, wish.to),
    ])
    const isSelected = (topic: string) => parts.rooms.scope.isSelected(topic)
    const readers = gatherReaders(parts, looks, source)
    const gathering: Gathering = { parts, looks, source, target, isSelected, readers }
    const [targetEvidence, sourceEvidence, copy, routing, eviction] = await Promise.all([
      gatherTarget(gathering),
      gatherSource(gathering),
      gatherCopy(gathering),
      gatherProvider(looks, 'routing-available', parts.routing),
      gatherProvider(looks, 'eviction-available', parts.eviction),
    ])
    const samples = parts.health().regions.filter(({ region }) => region === source.region || region === target.region)
    return {
      authorityFallsWith: parts.authorityFallsWith,
      target: targetEvidence,
      source: sourceEvidence,
      copy,
      clockOffsetMs: findClockOffset(samples.map(({ sample }) => sample)),
      sinceLastMoveMs: sinceLastMove(document, parts.clock.nowMs()),
      routing,
      eviction,
      // There are no drills in this version.
      sinceLastDrillMs: null,
      troubles: looks.troubles,
    }
  }
}

async function lookAt(parts: GatherParts, looks: Looks, region: RegionName): Promise<Side> {
  const cluster = parts.clusters.get(region)
  if (cluster === undefined) throw new TypeError(`failover group ${parts.rooms.group} has no region ${region}`)
  const metadata = await looks.look([], (signal) => cluster.metadata('all', signal))
  const isSelected = (topic: string) => parts.rooms.scope.isSelected(topic)
  return { region, cluster, metadata, topics: metadata && selectTopics(metadata, isSelected) }
}

async function gatherTarget(gathering: Gathering): Promise<TargetEvidence> {
  const { parts, looks, source, target, isSelected } = gathering
  const { rooms, clock } = parts
  const { cluster, metadata, topics, region } = target
  const here = () => mustAnswer(metadata, region)
  const [configs, rights, own, certificateDays, standing, diskFreeShare, refused] = await Promise.all([
    looks.look(['min-isr-fits'], (signal) => {
      return describeConfigs(source.cluster, namesOf(mustAnswer(source.topics, source.region)), signal)
    }),
    gatherRights(gathering),
    gatherOwnRights(gathering, 'target'),
    looks.look(['certificates-valid'], (signal) => readCertificateDays(cluster, here(), clock.nowMs(), signal)),
    looks.look(['standing-fence'], (signal) => {
      here()
      return readStanding(parts, region, signal)
    }),
    looks.look(['disk-headroom'], (signal) => readDiskFreeShare(cluster, here(), signal)),
    looks.look(['configs-accepted'], async (signal) => {
      here()
      mustAnswer(source.metadata, source.region)
      const { moves } = rooms.replicator
      const recorded = await moves.recordConfigs(rooms.linkOf(source.region, region), signal)
      return moves.validateConfigs(region, recorded, signal)
    }),
  ])
  return {
    isReachable: metadata !== undefined,
    underReplicated: metadata && findUnderReplicated(metadata, isSelected),
    minIsrTooHigh: configs && topics && findMinIsrTooHigh(configs, topics),
    configsRefused: refused?.map(({ targetTopic, reason }) => `${targetTopic}: ${reason}`),
    rightsMissing: rights,
    ownRightsMissing: own,
    certificateDays,
    ...standing,
    // Only a full drill measures it.
    throughput: null,
    diskFreeShare,
  }
}

async function gatherSource(gathering: Gathering): Promise<SourceEvidence> {
  const { parts, looks, source } = gathering
  const { rooms, clock, fencing } = parts
  const { region, cluster, metadata } = source
  const [own, certificateDays, plans] = await Promise.all([
    gatherOwnRights(gathering, 'source'),
    looks.look([], (signal) => readCertificateDays(cluster, mustAnswer(metadata, region), clock.nowMs(), signal)),
    gatherFencePlans(gathering),
  ])
  const superUsers = plans && findUnfenced(plans.topics, fencing.get(region)?.principal)
  if (plans !== undefined && superUsers === undefined) {
    looks.note('everyone-fenced', `brokers do not tell super.users: name them in fence.superUsers of ${region}`)
  }
  return {
    isReachable: metadata !== undefined,
    ownRightsMissing: own,
    certificateDays,
    fenceUnavailable: findFenceUnavailable(plans, rooms.fences.get(region) ?? { hasCommand: false }),
    superUsers,
  }
}

async function gatherFencePlans({ parts, looks, source, readers }: Gathering): Promise<FencePlans | undefined> {
  const { region, metadata } = source
  return await looks.look(['fence-available', 'everyone-fenced'], async (signal) => {
    mustAnswer(metadata, region)
    const fences = mustAnswer(parts.rooms.fences.get(region), region)
    const topics = await fences.plan(parts.rooms.scope, signal)
    const ids = (await readers)?.readers.map(({ groupId }) => groupId) ?? []
    return { topics, groups: await fences.planGroups(ids, signal) }
  })
}

async function gatherReaders(parts: GatherParts, looks: Looks, source: Side): Promise<Readers | undefined> {
  return await looks.look(['positions-fresh', 'internal-topics-selected', 'no-share-groups'], (signal) => {
    mustAnswer(source.metadata, source.region)
    const isGroup = compileGroupSelection(parts.consumerGroups)
    return findReaders(source.cluster, { isTopic: (topic) => parts.rooms.scope.isSelected(topic), isGroup }, signal)
  })
}

/** What one of the looks finds missing counts, also where another one could not be made. */
async function gatherRights({
  parts,
  looks,
  source,
  target,
  isSelected,
}: Gathering): Promise<readonly string[] | undefined> {
  const scope = {
    topics: namesOf(source.topics ?? []),
    isTopic: isSelected,
    isGroup: compileGroupSelection(parts.consumerGroups),
    ownPrincipal: parts.fencing.get(source.region)?.principal,
  }
  const found = await Promise.all(
    RIGHTS_LOOKS.map((look) =>
      looks.look(['rights-present'], (signal) => {
        mustAnswer(source.metadata, source.region)
        mustAnswer(target.metadata, target.region)
        return look({ source: source.cluster, target: target.cluster, scope }, signal)
      }),
    ),
  )
  const missing = found.flatMap((list) => list ?? [])
  return missing.length === 0 && found.includes(undefined) ? undefined : missing
}

async function gatherOwnRights(
  gathering: Gathering,
  side: 'source' | 'target',
): Promise<readonly string[] | undefined> {
  const { parts, looks } = gathering
  const { region, cluster, topics } = gathering[side]
  return await looks.look([`own-rights-${side}`], async (signal) => {
    const names = namesOf(mustAnswer(topics, region))
    const usesAcls = parts.rooms.fences.get(region)?.hasCommand !== true
    const rights = await cluster.ownRights(names, signal)
    return findOwnRightsMissing({ side, rights, topics: names, usesAcls })
  })
}

async function gatherCopy(gathering: Gathering): Promise<CopyEvidence> {
  const { parts, looks, source, target, isSelected } = gathering
  const [readers, views] = await Promise.all([
    gathering.readers,
    looks.look(['loss-within-objective', 'offsets-identical', 'one-direction'], (signal) => {
      const partitions = source.topics?.flatMap(({ name: topic, partitions: all }) => {
        return all.map(({ partition }) => ({ topic, partition }))
      })
      return viewCopies(parts, { from: source.region, to: target.region, partitions }, signal)
    }),
  ])
  const link = await looks.look(['no-open-gaps', 'positions-fresh'], () => {
    const found = findLink(parts, source.region, target.region)
    if (found === undefined) throw new Error(`this process does not run the link to ${target.region}`)
    return found
  })
  const { incidents } = parts.replication()
  const gaps = link && findBlockingIncidents({ incidents }, new Set([link.link]))
  return {
    wrongDirections: views && wrongDirections(gathering, views),
    openGaps: gaps?.map((gap) => `${textOf(gap)}: ${gap.code}`),
    unequalPartitionCounts: source.topics && target.topics && findUnequalCounts(source.topics, target.topics),
    positionsAgeMs: link && readers && findPositionsAge(link.groups, readers.readers, parts.clock.nowMs()),
    offsetsDiffer: views && offsetsDiffer(views, readers),
    internalTopicsOutside:
      readers &&
      source.metadata &&
      findInternalOutside({ readers: readers.readers, topics: namesOf(source.metadata.topics), isSelected }),
    shareGroups: readers?.shareGroups,
    ...(views && losses(views)),
  }
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

function losses(views: readonly CopyView[]): Pick<CopyEvidence, 'missing' | 'unknownLoss'> {
  const missing = views.flatMap((view) => (view.loss === undefined ? [] : [{ partition: textOf(view), ...view.loss }]))
  return { missing, unknownLoss: views.filter(({ loss }) => loss === undefined).map(textOf) }
}

async function gatherProvider(
  looks: Looks,
  guard: string,
  provider: RoutingProvider | EvictionProvider | undefined,
): Promise<ProviderEvidence | undefined> {
  if (provider === undefined) return { configured: 0, unavailable: [] }
  return await looks.look([guard], async (signal) => {
    const trouble = await provider.findTrouble(signal)
    return { configured: 1, unavailable: trouble === undefined ? [] : [trouble] }
  })
}

/** The wall clocks of two controllers may have written and read it: a time in the future is one just now. */
function sinceLastMove({ reigns }: GroupDocument, nowMs: number): number | null {
  const last = reigns.at(-1)
  if (last === undefined || last.kind === 'first') return null
  return Math.max(0, nowMs - Date.parse(last.committedAt))
}

async function describeConfigs(cluster: Cluster, names: readonly string[], signal: AbortSignal) {
  const described = await Promise.all(chunksOf(names).map((some) => cluster.describeTopicConfigs(some, signal)))
  return described.flat()
}

const NAMES_PER_REQUEST = 100

function chunksOf(names: readonly string[]): string[][] {
  const count = Math.ceil(names.length / NAMES_PER_REQUEST)
  return Array.from({ length: count }, (_, at) => names.slice(at * NAMES_PER_REQUEST, (at + 1) * NAMES_PER_REQUEST))
}

function namesOf(topics: readonly TopicMetadata[]): string[] {
  return topics.map(({ name }) => name)
}
