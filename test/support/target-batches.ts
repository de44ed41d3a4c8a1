import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Codec, codecOf, isControl, openCluster, readBatch } from '../../src/kafka/index.ts'
import { RawReader } from '../../src/replication/flows/raw-reader.ts'

/** Records per codec in the batches of some topics, told from the batch headers alone. */
export async function countCodecs(
  bootstrap: readonly string[],
  topics: readonly string[],
  signal: AbortSignal,
): Promise<Record<Codec, number>> {
  const counts: Record<Codec, number> = { none: 0, gzip: 0, snappy: 0, lz4: 0, zstd: 0 }
  const context = { clock: systemClock, random: systemRandom }
  const cluster = openCluster({ name: 'counted', bootstrap, context })
  const reader = new RawReader(cluster, context)
  try {
    const metadata = await cluster.metadata(topics, signal)
    for (const { name: topic, topicId, partitions } of metadata.topics) {
      for (const { partition } of partitions) {
        const ends = await cluster.listOffsets(
          { isolation: 'read_uncommitted', partitions: [{ topic, partition, timestamp: -1 }] },
          signal,
        )
        const end = ends[0]?.offset ?? 0
        for (let at = 0; at < end; ) {
          const fetched = await reader.read({ topic, topicId, partition }, { offset: at, maxBytes: 8 << 20 }, signal)
          for (let place = 0; ; ) {
            const header = readBatch(fetched.records, place)
            if (header === undefined) break
            place += header.sizeBytes
            at = header.baseOffset + header.lastOffsetDelta + 1
            if (!isControl(header)) counts[codecOf(header)] += header.recordCount
          }
        }
      }
    }
  } finally {
    await reader[Symbol.asyncDispose]()
    await cluster.close()
  }
  return counts
}
