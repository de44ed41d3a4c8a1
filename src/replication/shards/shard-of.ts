import { type FlowKey, hashFlowKey } from '../offset-map/index.ts'

/** The shard of a flow: the same in every process and version. */
export function shardOf(key: FlowKey, shards: number): number {
  return hashFlowKey(key) % shards
}
