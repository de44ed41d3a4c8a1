import { type Clock, isFault, type Random } from '../../core/index.ts'
import type { Cluster, ProducerIdentity, TopicPartition, TransactionHandle } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import type { MapMemory, ShardMap } from '../offset-map/index.ts'
import { fenceByMarkers, fenceByTransaction } from './fence.ts'
import { MAP_TOPIC, type MapTopic, readShardMap } from './map-topic.ts'
import { sortByHealth, type UnfitPartition, type WrittenPartition } from './partition-health.ts'

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
 *     offsets of a fresh copy identical to the source's. A partition that can take no marker now would hold up the
 *     transaction, and with it the shard: it is left out, and fenced by `fenceLate` before its flow resumes.
 *  6. Only then may high watermarks be read (by the flows, when they resume).
 *
 * A forgotten owner is fenced by markers of its own producer id, and our transaction follows in any case: an earlier
 * epoch of our own producer id may be alive too.
 *
 * Sources: KIP-98, KIP-664, KIP-890.
 */
export interface TakeoverContext {
  readonly cluster: Cluster
  readonly reader: RawReader
  /** As it is now: it may be lost and made anew. */
  readonly mapTopic: () => MapTopic
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
  /** Written to by older owners and not fenced: each needs `fenceLate` before anything is read or sent there. */
  readonly unfenced: readonly UnfitPartition[]
  /** Faults: TARGET_NOT_READY while the partition still can take no marker, and those of the fences. */
  readonly fenceLate: (partition: WrittenPartition, signal: AbortSignal) => Promise<void>
  /** One marker on each partition that can take it now; answers those that cannot. Faults: those of the fences. */
  readonly fenceAll: (
    partitions: readonly WrittenPartition[],
    signal: AbortSignal,
  ) => Promise<readonly UnfitPartition[]>
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
  const forgotten = forgottenOwner(before, identity)
  const fence = (partitions: readonly TopicPartition[], signal: AbortSignal) =>
    fenceOut(context, { shard, txn: { transactionalId, ...identity }, forgotten }, partitions, signal)
  const fenceAll = async (partitions: readonly WrittenPartition[], signal: AbortSignal) => {
    const { healthy, unfit } = await sortByHealth(cluster, partitions, signal)
    await fence(healthy, signal)
    return unfit
  }
  const fenceLate = async (partition: WrittenPartition, signal: AbortSignal) => {
    for (const { topic, partition: number, reason } of await fenceAll([partition], signal)) {
      const facts = { what: `${topic}-${number}`, target: cluster.name, reason: `it can't be fenced yet: ${reason}` }
      throw replicationFaults.fault('TARGET_NOT_READY', facts)
    }
  }
  const owned = { identity, transactionalId, fenceLate, fenceAll }
  if (before.isHandedOverTo(identity)) return { ...owned, map: before, fenced: 'clean-hand-over', unfenced: [] }

  await fence([{ topic: MAP_TOPIC, partition: shard }], signal)
  const map = await readMap(context, shard, signal)
  const newlyForgotten = forgottenOwner(map, identity)
  if (newlyForgotten !== undefined && newlyForgotten.producerId !== forgotten?.producerId) {
    const reason = `producer ${newlyForgotten.producerId} wrote to it during the takeover`
    throw replicationFaults.fault('TARGET_NOT_READY', { what: `shard ${shard}`, target: cluster.name, reason })
  }
  const { healthy, unfit } = await sortByHealth(cluster, writtenPartitions(map), signal)
  await fence(healthy, signal)
  const fenced = forgotten !== undefined ? 'markers-written' : map.writer === undefined ? 'first' : 'fenced'
  return { ...owned, map, fenced, unfenced: unfit }
}

/** The last writer on record, where our InitProducerId did not raise its epoch because its id had expired. */
function forgottenOwner(map: ShardMap, identity: ProducerIdentity): ProducerIdentity | undefined {
  const { writer } = map
  return writer !== undefined && writer.producerId !== identity.producerId ? writer : undefined
}

async function fenceOut(
  context: TakeoverContext,
  owners: { shard: number; txn: TransactionHandle; forgotten: ProducerIdentity | undefined },
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<void> {
  const { cluster, clock, acknowledgeUnfenced } = context
  const { shard, txn, forgotten } = owners
  if (forgotten !== undefined) {
    await fenceByMarkers({ cluster, clock, shard }, forgotten, partitions, signal).catch((error: unknown) => {
      if (!acknowledgeUnfenced || !isFault(error, 'SHARD_UNFENCED')) throw error
    })
  }
  await fenceByTransaction({ cluster, clock, shard }, txn, partitions, signal)
}

/** Copies that have ended were fenced then, and belong to others now: a marker there would move offsets for nothing. */
function writtenPartitions(map: ShardMap): WrittenPartition[] {
  const open = [...map.flows()].filter(({ closedAt }) => closedAt === undefined)
  return open.map(({ flow: { targetTopic: topic, partition }, facts: { targetTopicId: topicId } }) => {
    return { topic, topicId, partition }
  })
}

function readMap(context: TakeoverContext, shard: number, signal: AbortSignal): Promise<ShardMap> {
  const { cluster, reader, mapTopic, memory } = context
  return readShardMap({ cluster, reader, topic: mapTopic(), memory }, shard, signal)
}
