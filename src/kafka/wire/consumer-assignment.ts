import type { TopicPartition } from '../cluster.ts'

/**
 * What the leader of a classic group gives a consumer: bytes that clients agree on and brokers only hand on
 * (ConsumerProtocolAssignment of Kafka).
 *
 *   version INT16, topics => INT32 count of [name STRING (INT16 length), partitions => INT32 count of INT32], user data
 *
 * Nothing is thrown: whatever cannot be read, as in a group that is just being formed, is no partition.
 */
const VERSION_BYTES = 2

export function readConsumerAssignment(bytes: Buffer): TopicPartition[] {
  const partitions: TopicPartition[] = []
  try {
    let at = VERSION_BYTES
    const next = (size: 2 | 4): number => {
      const value = size === 2 ? bytes.readInt16BE(at) : bytes.readInt32BE(at)
      at += size
      return value
    }
    for (let topics = next(4); topics > 0; topics--) {
      const length = next(2)
      if (length < 0) return []
      const topic = bytes.toString('utf8', at, at + length)
      at += length
      for (let left = next(4); left > 0; left--) partitions.push({ topic, partition: next(4) })
    }
    return partitions
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
}
