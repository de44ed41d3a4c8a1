/**
 * Lets records stay that only a returned region has: its flow from the active region goes on behind them. Its map is
 * worked out here, as `turn-flow.ts` would, and says where they stand; a flow that finds it made goes on with it.
 */
import type { Cluster } from '../../kafka/index.ts'
import type { FlowSpec } from '../flows/flow.ts'
import { SEGMENT_CAUSES } from '../offset-map/index.ts'
import { shardOf } from '../shards/shard-of.ts'
import { eachOf } from './each-of.ts'
import type { Relation } from './relation.ts'
import { overruling, planTurn, recordTurn } from './turn-flow.ts'
import { type ShardContext, underShard } from './under-shard.ts'

export interface KeptTail {
  /** From the active region into this one. */
  readonly spec: FlowSpec
  readonly relation: Relation
  /** Where the region's log ends. */
  readonly end: number
}

const SHARDS_AT_ONCE = 8

/** May be repeated. Faults: those of a takeover. */
export async function keepTails(
  shards: ShardContext,
  tails: readonly KeptTail[],
  by: string,
  signal: AbortSignal,
): Promise<void> {
  const byShard = [...Map.groupBy(tails, ({ spec }) => shardOf(spec.key, shards.mapTopic.shards))]
  await eachOf(byShard, SHARDS_AT_ONCE, async ([shard, of]) => {
    const write = async ({ tenure }: Parameters<Parameters<typeof underShard>[2]>[0]) => {
      for (const { spec, relation, end } of of) {
        const known = tenure.map.flow(spec.key)
        const own = known?.facts.targetTopicId === spec.targetTopicId ? known : undefined
        const segments = overruling(own, planTurn(relation, { keptTo: end }))
        await recordTurn(spec, tenure, { segments, end }, shards.clock.nowMs())
        // Behind it nothing is missing: what begins where the epoch does says that the turn is complete.
        const last = segments.at(-1) ?? { ...relation.begin, causes: 0 }
        const causes = SEGMENT_CAUSES.turned | SEGMENT_CAUSES.kept
        await recordTurn(
          spec,
          tenure,
          { segments: [{ source: last.source, target: end, causes }], end },
          shards.clock.nowMs(),
        )
      }
    }
    await underShard(shards, { shard, by }, write, signal)
  })
}

/** The id of a cluster, for the facts of flows from it. */
export async function clusterIdOf(cluster: Cluster, signal: AbortSignal): Promise<string> {
  return (await cluster.metadata([], signal)).clusterId
}
