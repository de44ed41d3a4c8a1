import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, type Codec, codecOf, isControl, openCluster, readBatch } from '../../src/kafka/index.ts'
import { type PartitionRef, RawReader } from '../../src/replication/flows/raw-reader.ts'

/** Records per codec in the batches of some topics, told from the batch headers alone. */
export async function countCodecs(
  bootstrap: readonly string[],
  topics: readonly string[],
  signal: AbortSignal,
): Promise<Record<Codec, number>> {
  const context = { clock: systemClock, random: systemRandom }
  const cluster = openCluster({ name: 'counted', bootstrap, context })
  const reader = new RawReader(cluster, context)
  const counts: Record<Codec, number> = { none: 0, gzip: 0, snappy: 0, lz4: 0, zstd: 0 }
  try {
    for (const ref of await partitionsOf(cluster, topics, signal))
      await countPartition(cluster, reader, ref, counts, signal)
  } finally {
    await reader[Symbol.asyncDispose]()
    await cluster.close()
  }
  return counts
}

async function partitionsOf(cluster: Cluster, topics: readonly string[], signal: AbortSignal): Promise<PartitionRef[]> {
  const metadata = await cluster.metadata(topics, signal)
  return metadata.topics.flatMap(({ name: topic, topicId, partitions }) =>
    partitions.map(({ partition }) => ({ topic, topicId, partition })),
  )
}

async function countPartition(
  cluster: Cluster,
  reader: RawReader,
  ref: PartitionRef,
  counts: Record<Codec, number>,
  signal: AbortSignal,
): Promise<void> {
  const { topic, partition } = ref
  const partitions = [{ topic, partition, timestamp: -1 }]
  const [listed] = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
  const end = listed?.offset ?? 0
  for (let at = 0; at < end; ) {
    const { records } = await reader.read(ref, { offset: at, maxBytes: 8 << 20 }, signal)
    for (
      let header = readBatch(records, 0);
      header !== undefined;
      header = readBatch(records, header.position + header.sizeBytes)
    ) {
      at = header.baseOffset + header.lastOffsetDelta + 1
      if (!isControl(header)) counts[codecOf(header)] += header.recordCount
    }
  }
}
