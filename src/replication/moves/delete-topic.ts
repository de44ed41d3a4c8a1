import type { RegionName } from '../../core/index.ts'
import { type Cluster, errorName } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { planIncident } from '../incidents/plan-incident.ts'
import { writeIncident } from '../incidents/incident-log.ts'
import { shardOf } from '../shards/shard-of.ts'
import { type ShardContext, underShard } from './under-shard.ts'

export interface TopicToReplace {
  readonly topic: string
  readonly topicId: string
  /** The link that makes it again, and where from. */
  readonly link: string
  readonly source: RegionName
  readonly sourceTopicId: string
  readonly reason: string
  readonly by: string
}

const UNKNOWN_TOPIC_ID = 100

/**
 * Deletes a topic that is to be copied again as a whole: by its id, so never the new copy. That it was asked for is on
 * record before, where the flows of the new copy look when they meet that the old one is gone. Faults:
 * FLOW_RESEED_REFUSED and those of a takeover.
 */
export async function deleteTopic(
  cluster: Cluster,
  /** Undefined where the region has no map: then nobody can miss the old one. */
  shards: ShardContext | undefined,
  topic: TopicToReplace,
  signal: AbortSignal,
): Promise<void> {
  if (shards !== undefined) await putOnRecord(shards, topic, signal)
  const { errorCode, message } = await cluster.deleteTopicById(topic.topicId, signal)
  if (errorCode === 0 || errorCode === UNKNOWN_TOPIC_ID) return
  const error = `${errorName(errorCode)} ${message ?? ''}`.trimEnd()
  throw replicationFaults.fault('FLOW_RESEED_REFUSED', { targetTopic: topic.topic, target: cluster.name, error })
}

/** Acknowledged at once: a person has chosen it. */
async function putOnRecord(shards: ShardContext, asked: TopicToReplace, signal: AbortSignal): Promise<void> {
  const { topic, topicId: targetTopicId, source, sourceTopicId, link, reason, by } = asked
  const key = { source, topic, targetTopic: topic, partition: 0 }
  const atMs = shards.clock.nowMs()
  const shard = shardOf(key, shards.mapTopic.shards)
  await underShard(
    shards,
    { shard, by },
    async ({ tenure }) => {
      const found = {
        flow: { key, sourceTopicId, targetTopicId, sourceClusterId: '' },
        code: 'FLOW_DIVERGED',
        reason,
        action: 'reseed' as const,
      }
      const { id, facts, dropped } = planIncident(found, tenure.map.incidents.of(key), { link, atMs })
      if (facts === undefined) return
      const acknowledged = { atMs, by, note: reason }
      const entry = { kind: 'incident' as const, flow: key, id, facts: { ...facts, acknowledged }, ...tenure.identity }
      await writeIncident(tenure, entry, dropped)
    },
    signal,
  )
}
