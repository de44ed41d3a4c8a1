import { type Cluster, type ClusterMetadata, errorName, type TopicMetadata } from '../../kafka/index.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import type { ConfigsByTopic, ConfigSight, Unreadable } from './config-sight.ts'
import { type DeletionGrace, findGoneTopics, type GoneTopic, type PendingDeletion } from './deletions.ts'
import type { Lineage } from './lineage.ts'
import type { FlowSpec, ObservedTopics, SourceTopic, TargetTopic, TopicPair } from './plan-topics.ts'
import { renameTopic } from './selection.ts'
import type { Configs } from './standby-configs.ts'

/**
 * Looks at the topics of both regions. What one topic refuses to tell is data of that topic; only a region that does not
 * answer makes it throw.
 */
export interface TopicSight {
  readonly source: Cluster
  readonly target: Cluster
  readonly configs: { readonly source: ConfigSight; readonly target: ConfigSight }
  readonly isSelected: (topic: string) => boolean
  readonly rename: string | undefined
  readonly replicationFactor: number
  readonly isCopy: (targetTopicId: string) => Promise<boolean>
  readonly lineage: Lineage
  /** Set where the link follows deletions, with every copy that it has made. */
  readonly deletions: { readonly grace: DeletionGrace; readonly copies: readonly CopiedFlow[] } | undefined
  /** Throws where the target is not the cluster to copy into. */
  readonly checkTarget: (clusterId: string) => void
  /** What earlier passes of this process came to. */
  readonly before: TopicsBefore
}

export interface TopicsBefore {
  readonly baseline: ReadonlyMap<string, number> | undefined
  readonly flows: readonly FlowSpec[]
  /** By source topic. */
  readonly wanted: ReadonlyMap<string, Configs>
}

const NAMES_PER_REQUEST = 500
const UNKNOWN_TOPIC = 3

/** One look at every selected topic. */
export async function observeTopics(sight: TopicSight, signal: AbortSignal): Promise<ObservedTopics> {
  const { source, target, before } = sight
  const [sourceSide, targetSide] = await Promise.all([source.metadata('all', signal), target.metadata('all', signal)])
  sight.checkTarget(targetSide.clusterId)
  const selected = sourceSide.topics.filter(({ name, isInternal }) => !isInternal && sight.isSelected(name))
  const targets = new Map(targetSide.topics.map((topic) => [topic.name, topic]))
  const nameOnTarget = (topic: string) => renameTopic(sight.rename, { source: source.name, topic })
  const counterparts = selected.flatMap(({ name }) => targets.get(nameOnTarget(name)) ?? [])
  const [sourceConfigs, targetConfigs] = await Promise.all([
    sight.configs.source.look(selected, signal),
    sight.configs.target.look(withProbe(counterparts, targetSide), signal),
  ])
  await sight.lineage.refresh(signal)
  const flows = Map.groupBy(before.flows, ({ topic }) => topic)
  const pairs: TopicPair[] = []
  for (const topic of selected) {
    const targetTopic = nameOnTarget(topic.name)
    const counterpart = targets.get(targetTopic)
    const listed = flows.get(topic.name)
    const wanted = before.wanted.get(topic.name)
    pairs.push({
      topic: topic.name,
      targetTopic,
      ...(await readLineage(
        topic,
        readSource(topic, sourceConfigs),
        { sight, clusterId: targetSide.clusterId },
        signal,
      )),
      target: counterpart && (await readTarget(counterpart, targetConfigs, sight, signal)),
      before: listed || wanted ? { flows: listed ?? [], wanted: wanted ?? {} } : undefined,
    })
  }
  return {
    pairs,
    deletions: await observeDeletions(sight, { sourceSide, targetSide }, signal),
    replicationFactor: sight.replicationFactor,
    targetConfigNames: sight.configs.target.names,
    baseline: before.baseline,
    sourcePartitions: new Map(selected.map(({ topicId, partitions }) => [topicId, partitions.length])),
  }
}

function readSource(topic: TopicMetadata, configs: ConfigsByTopic): SourceTopic | Unreadable {
  if (topic.errorCode !== 0) return { unreadable: errorName(topic.errorCode) }
  const entries = configs.get(topic.name) ?? { unreadable: 'its configuration is not told' }
  if ('unreadable' in entries) return entries
  return { topicId: topic.topicId, partitions: topic.partitions.length, configs: entries }
}

/** The source topic, and what is known of where it comes from. */
async function readLineage(
  { name: topic, topicId }: TopicMetadata,
  source: SourceTopic | Unreadable,
  target: { readonly sight: TopicSight; readonly clusterId: string },
  signal: AbortSignal,
): Promise<Pick<TopicPair, 'source' | 'refused' | 'isHeld'>> {
  if ('unreadable' in source) return { source }
  const query = { topic, topicId, configs: source.configs }
  const verdict = await target.sight.lineage.judge(query, target.clusterId, signal)
  if (verdict === 'free') return { source }
  if (verdict === 'held') return { source, isHeld: true }
  return 'refused' in verdict ? { source, refused: verdict.refused } : { source: verdict }
}

/**
 * A topic that is not listed may be one that Isthmus may no longer describe. Asked for by its name, the broker says
 * which of the two.
 */
async function observeDeletions(
  { source, deletions }: TopicSight,
  { sourceSide, targetSide }: { readonly sourceSide: ClusterMetadata; readonly targetSide: ClusterMetadata },
  signal: AbortSignal,
): Promise<PendingDeletion[]> {
  if (deletions === undefined) return []
  const candidates = findGoneTopics(deletions.copies, {
    sourceClusterId: sourceSide.clusterId,
    sourceTopics: new Set(sourceSide.topics.map(({ name }) => name)),
    targetTopics: new Map(targetSide.topics.map(({ name, topicId }) => [name, topicId])),
  })
  const gone: GoneTopic[] = []
  for (let at = 0; at < candidates.length; at += NAMES_PER_REQUEST) {
    const asked = candidates.slice(at, at + NAMES_PER_REQUEST)
    const answer = await source.metadata([...new Set(asked.map(({ topic }) => topic))], signal)
    const isGone = new Set(answer.topics.filter(({ errorCode }) => errorCode === UNKNOWN_TOPIC).map(({ name }) => name))
    if (answer.clusterId === sourceSide.clusterId) gone.push(...asked.filter(({ topic }) => isGone.has(topic)))
  }
  return deletions.grace.update(gone)
}

async function readTarget(
  topic: TopicMetadata,
  configs: ConfigsByTopic,
  sight: TopicSight,
  signal: AbortSignal,
): Promise<TargetTopic | Unreadable> {
  const readable = readSource(topic, configs)
  if ('unreadable' in readable) return readable
  const standing = await judgeStanding(topic, sight, signal)
  if (typeof standing !== 'string') return standing
  return { ...readable, standing, replicationFactor: topic.partitions[0]?.replicas.length ?? 1 }
}

/** A topic that was never written to may be prepared for copies; records of unknown origin make it foreign. */
async function judgeStanding(
  { name, topicId, partitions }: TopicMetadata,
  { target, isCopy }: TopicSight,
  signal: AbortSignal,
): Promise<TargetTopic['standing'] | Unreadable> {
  if (await isCopy(topicId)) return 'ours'
  const ends = await target.listOffsets(
    {
      isolation: 'read_uncommitted',
      partitions: partitions.map(({ partition }) => ({ topic: name, partition, timestamp: -1 })),
      deadlineMs: 0,
    },
    signal,
  )
  if (ends.some(({ offset, errorCode }) => errorCode === 0 && offset > 0)) return 'foreign'
  const failed = ends.find(({ errorCode }) => errorCode !== 0)
  if (failed === undefined) return 'empty'
  return { unreadable: `the end of partition ${failed.partition} is not told: ${errorName(failed.errorCode)}` }
}

/** One topic tells which configs the brokers know; without a copy to look at, any other topic does. */
function withProbe(counterparts: readonly TopicMetadata[], { topics }: ClusterMetadata): readonly TopicMetadata[] {
  const probe = topics.find(({ errorCode }) => errorCode === 0)
  return counterparts.length > 0 || probe === undefined ? counterparts : [probe]
}
