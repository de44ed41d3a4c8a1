import { type Clock, isFault, type Random } from '../../core/index.ts'
import type { Cluster, ProducerIdentity, TopicPartition, TransactionHandle } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import type { MapMemory, ShardMap } from '../offset-map/index.ts'
import { type FenceContext, fenceByMarkers, fenceByTransaction } from './fence.ts'
import { MAP_TOPIC, type MapTopic, readShardMap } from './map-topic.ts'

/**
 * Becoming the one writer of a shard, in an order that must not change (exactly-once invariants; each step has a
 * failure that was met on real brokers when it was missing or came too early):
 *
 *  1. InitProducerId: a newer epoch, or another producer id where the broker has forgotten the old one.
 *  2. Clean hand-over by exactly our predecessor? Then nobody is left to fence.
 *  3. Fence the map partition. From here on no older owner can add an entry.
 *  4. Read the map. Nothing that was read before the fence is used after it.
 *  5. Fence every target partition that the map says anybody ever wrote to. A flow without an entry needs no fence:
 *     data is only ever sent behind an acknowledged entry, and there can be no new ones. That is what keeps the
 *     offsets of a fresh copy identical to the source's.
 *  6. Only then may high watermarks be read (by the flows, when they resume).
 *
 * Sources: KIP-98, KIP-664, KIP-890.
 */
export interface TakeoverContext {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly mapTopic: MapTopic
  readonly memory: MapMemory
  readonly clock: Clock
  readonly random: Random
  /** An operator vouches that no older replicator runs: a forgotten owner that cannot be fenced is passed over. */
  readonly acknowledgeUnfenced: boolean
}

export interface Takeover {
  readonly identity: ProducerIdentity
  readonly transactionalId: string
  readonly map: ShardMap
  readonly fenced: 'clean-hand-over' | 'fenced' | 'markers-written' | 'first'
}

const TRANSACTION_TIMEOUT_MS = 60_000

export function transactionalIdOf(shard: number): string {
  return `__isthmus.shard-${shard}`
}

export async function takeOver(context: TakeoverContext, shard: number, signal: AbortSignal): Promise<Takeover> {
  const { cluster } = context
  const transactionalId = transactionalIdOf(shard)
  const identity = await cluster.initProducerId(transactionalId, TRANSACTION_TIMEOUT_MS, signal)
  const before = await readMap(context, shard, signal)
  if (before.isHandedOverTo(identity)) return { identity, transactionalId, map: before, fenced: 'clean-hand-over' }

  const txn: TransactionHandle = { transactionalId, ...identity }
  const fence: FenceContext = { cluster, clock: context.clock, shard }
  const mapPartition: TopicPartition = { topic: MAP_TOPIC, partition: shard }
  const forgotten = forgottenOwner(before, identity)
  if (forgotten !== undefined) {
    await orAcknowledged(context, () => fenceByMarkers(fence, forgotten, [mapPartition], signal))
  }
  await fenceByTransaction(fence, txn, [mapPartition], signal)

  const map = await readMap(context, shard, signal)
  const written = await writtenPartitions(cluster, map, signal)
  if (forgotten !== undefined) {
    await orAcknowledged(context, () => fenceByMarkers(fence, forgotten, written, signal))
    return { identity, transactionalId, map, fenced: 'markers-written' }
  }
  await fenceByTransaction(fence, txn, written, signal)
  return { identity, transactionalId, map, fenced: map.writer === undefined ? 'first' : 'fenced' }
}

/** The last writer on record, where our InitProducerId did not raise its epoch because its id had expired. */
function forgottenOwner(map: ShardMap, identity: ProducerIdentity): ProducerIdentity | undefined {
  const { writer } = map
  return writer !== undefined && writer.producerId !== identity.producerId ? writer : undefined
}

async function orAcknowledged(context: TakeoverContext, fence: () => Promise<void>): Promise<void> {
  try {
    await fence()
  } catch (error) {
    if (!context.acknowledgeUnfenced || !isFault(error, 'SHARD_UNFENCED')) throw error
  }
}

/** Target partitions of the map's flows, as far as their topics still are the ones that were written to. */
async function writtenPartitions(cluster: Cluster, map: ShardMap, signal: AbortSignal): Promise<TopicPartition[]> {
  const flows = [...map.flows()]
  const names = [...new Set(flows.map((flow) => flow.flow.targetTopic))]
  if (names.length === 0) return []
  const metadata = await cluster.metadata(names, signal)
  const written: TopicPartition[] = []
  for (const flow of flows) {
    const { targetTopic, partition } = flow.flow
    const topic = metadata.topics.find((candidate) => candidate.name === targetTopic)
    if (topic?.topicId !== flow.facts.targetTopicId) continue
    const leader = topic.partitions.find((one) => one.partition === partition)?.leaderId ?? -1
    if (leader < 0) {
      throw replicationFaults.fault('TARGET_NOT_READY', {
        what: `${targetTopic}-${partition}`,
        target: cluster.name,
        reason: 'it has no leader',
      })
    }
    written.push({ topic: targetTopic, partition })
  }
  return written
}

function readMap(context: TakeoverContext, shard: number, signal: AbortSignal): Promise<ShardMap> {
  const { cluster, reader, mapTopic, memory } = context
  return readShardMap({ cluster, reader, topic: mapTopic, memory }, shard, signal)
}
