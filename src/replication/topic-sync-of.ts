import type { LinkRunnerOptions } from './link-options.ts'
import { Lineage } from './topics/lineage.ts'
import { TopicSync, type TopicSyncOptions } from './topics/topic-sync.ts'

/** What the topic sync of a link asks of what keeps its flows. */
export interface TopicSyncParts extends Pick<TopicSyncOptions, 'copies' | 'forget' | 'onFlows'> {
  readonly onUnreadable: (error: Error) => void
}

export function topicSyncOf(options: LinkRunnerOptions, { onUnreadable, ...parts }: TopicSyncParts): TopicSync {
  const { source, target, ledgers, engine, atlas, clock, events, spec, replicationFactor, topicSyncMs } = options
  return new TopicSync({
    link: spec.name,
    source,
    target,
    selection: spec.topics,
    rename: spec.rename,
    replicationFactor,
    everyMs: topicSyncMs,
    clock,
    events,
    mayChange: ({ topic, targetTopic }) => engine.isOwner({ source: spec.source, topic, targetTopic, partition: 0 }),
    creationGate: options.creationGate,
    isCopy: async (targetTopicId, signal) =>
      engine.isCopy(targetTopicId) || (await atlas.canTurn(targetTopicId, spec, signal)),
    checkTarget: (clusterId) => engine.checkCluster(clusterId),
    lineage: new Lineage({ source: spec.source, target: spec.target, ledgers, clock, onUnreadable }),
    deletions: spec.deletions,
    ...parts,
  })
}
