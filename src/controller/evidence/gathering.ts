import type { RegionName } from '../../core/index.ts'
import type { Cluster, ClusterMetadata, TopicMetadata } from '../../kafka/index.ts'
import { compileGroupSelection } from '../../replication/index.ts'
import { type Looks, mustAnswer } from './looks.ts'
import type { GatherParts } from './parts.ts'
import { findReaders, type Readers } from './readers.ts'
import { selectTopics } from './topic-parity.ts'

/** One side of the move, as far as it has answered. */
export interface Side {
  readonly region: RegionName
  readonly cluster: Cluster
  readonly metadata: ClusterMetadata | undefined
  /** The topics of the group. */
  readonly topics: readonly TopicMetadata[] | undefined
}

export interface Gathering {
  readonly parts: GatherParts
  readonly looks: Looks
  readonly source: Side
  readonly target: Side
  readonly isSelected: (topic: string) => boolean
  readonly readers: Promise<Readers | undefined>
}

/** `withinMs`: what the region may take to answer at all. @defaultValue as any look */
export async function lookAt(parts: GatherParts, looks: Looks, region: RegionName, withinMs?: number): Promise<Side> {
  const cluster = parts.clusters.get(region)
  if (cluster === undefined) throw new TypeError(`failover group ${parts.rooms.group} has no region ${region}`)
  const metadata = await looks.look([], (signal) => cluster.metadata('all', signal), withinMs)
  const isSelected = (topic: string) => parts.rooms.scope.isSelected(topic)
  return { region, cluster, metadata, topics: metadata && selectTopics(metadata, isSelected) }
}

export async function gatherReaders(parts: GatherParts, looks: Looks, source: Side): Promise<Readers | undefined> {
  return await looks.look(['positions-fresh', 'internal-topics-selected', 'no-share-groups'], (signal) => {
    mustAnswer(source.metadata, source.region)
    const isGroup = compileGroupSelection(parts.consumerGroups)
    return findReaders(source.cluster, { isTopic: (topic) => parts.rooms.scope.isSelected(topic), isGroup }, signal)
  })
}

export function namesOf(topics: readonly TopicMetadata[]): string[] {
  return topics.map(({ name }) => name)
}
