import { systemClock, systemRandom } from '../../src/core/index.ts'
import { openCluster } from '../../src/kafka/index.ts'
import { RawReader } from '../../src/replication/flows/raw-reader.ts'
import {
  type AttributedSegment,
  type FlowMap,
  MapMemory,
  SEGMENT_CAUSES,
} from '../../src/replication/offset-map/index.ts'
import { MAP_TOPIC, readShardMap } from '../../src/replication/shards/map-topic.ts'

/** Offsets without a counterpart on the other side, as a target's offset map has them. */
export interface MapHoles {
  /** Holes of both sides together, in offsets. */
  readonly offsets: number
  /** Of these, the offsets that no cause in the map explains. */
  readonly unattributed: number
}

const { control, aborted, compacted, loss, filtered, quarantined, marker } = SEGMENT_CAUSES
const OF_SOURCE = control | aborted | compacted | loss | filtered | quarantined
const OF_TARGET = marker
const MEMORY_BYTES = 64 << 20

export async function countMapHoles(bootstrap: readonly string[], signal: AbortSignal): Promise<MapHoles> {
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: 'target', bootstrap, context })
  await using reader = new RawReader(cluster, context)
  const { topics } = await cluster.metadata([MAP_TOPIC], signal)
  const [topic] = topics
  if (topic === undefined || topic.partitions.length === 0) throw new Error(`${MAP_TOPIC} is not there`)
  const mapTopic = { topicId: topic.topicId, shards: topic.partitions.length }
  const memory = new MapMemory({ limitBytes: MEMORY_BYTES })
  const total = { offsets: 0, unattributed: 0 }
  for (let shard = 0; shard < mapTopic.shards; shard++) {
    const map = await readShardMap({ cluster, reader, topic: mapTopic, memory }, shard, signal)
    for (const flow of map.flows()) await addHoles(flow, total, signal)
  }
  return total
}

async function addHoles(flow: FlowMap, total: { offsets: number; unattributed: number }, signal: AbortSignal) {
  let before: AttributedSegment | undefined
  for await (const segment of flow.segments(signal)) {
    if (before !== undefined) {
      const onSource = segment.source - before.source
      const onTarget = segment.target - before.target
      const inStep = Math.min(onSource, onTarget)
      total.offsets += onSource + onTarget - 2 * inStep
      if ((segment.causes & OF_SOURCE) === 0) total.unattributed += onSource - inStep
      if ((segment.causes & OF_TARGET) === 0) total.unattributed += onTarget - inStep
    }
    before = segment
  }
}
