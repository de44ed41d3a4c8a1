/**
 * Lets records stay that only a returned region has: its flow from the active region goes on behind them. Its map is
 * worked out here, as `turn-flow.ts` would, and says where they stand; a flow that finds it made goes on with it.
 */
import type { FlowSpec } from '../flows/flow.ts'
import { SEGMENT_CAUSES } from '../offset-map/index.ts'
import { shardOf } from '../shards/shard-of.ts'
import type { Tenure } from '../shards/tenure.ts'
import { eachOf } from './each-of.ts'
import type { Relation } from './relation.ts'
import { overruling, planTurn, recordTurn } from './turn-flow.ts'
import { type ShardContext, type ShardReign, underShard } from './under-shard.ts'

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
    const write = async ({ tenure }: ShardReign) => {
      for (const tail of of) await keepOne(tail, tenure, shards.clock.nowMs())
    }
    await underShard(shards, { shard, by }, write, signal)
  })
}

async function keepOne({ spec, relation, end }: KeptTail, tenure: Tenure, atMs: number): Promise<void> {
  const known = tenure.map.flow(spec.key)
  const own = known?.facts.targetTopicId === spec.targetTopicId ? known : undefined
  const segments = overruling(own, planTurn(relation, { keptTo: end }))
  await recordTurn(spec, tenure, { segments, end }, atMs)
  // What begins where the epoch does says that the turn is complete.
  const causes = SEGMENT_CAUSES.turned | SEGMENT_CAUSES.kept
  const last = { source: relation.begin.source, target: end, causes }
  await recordTurn(spec, tenure, { segments: [last], end }, atMs)
}
