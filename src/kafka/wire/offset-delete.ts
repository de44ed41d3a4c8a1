import type { PartitionOutcome, TopicPartition } from '../cluster.ts'
import type { Api } from './api.ts'
import { groupByTopic } from './codec.ts'

/*
  OffsetDelete Request (Version: 0) => group_id [topics]
    topics => name [partitions]
      partitions => partition_index

  OffsetDelete Response (Version: 0) => error_code throttle_time_ms [topics]
    topics => name [partitions]
      partitions => partition_index error_code

  Its only version is not a flexible one: lengths of fixed size, no tagged fields, headers without them (KIP-482).
*/
export interface OffsetDeleteRequest {
  readonly groupId: string
  readonly partitions: readonly TopicPartition[]
}

export interface OffsetDeleteResponse {
  /** Of the group as a whole; there are no partitions where it is not 0. */
  readonly errorCode: number
  readonly partitions: readonly PartitionOutcome[]
}

export const offsetDeleteApi: Api<OffsetDeleteRequest, OffsetDeleteResponse> = {
  name: 'OffsetDelete',
  write(writer, { groupId, partitions }) {
    writer.appendString(groupId, false)
    writer.appendArray(
      [...groupByTopic(partitions)],
      (_, [topic, some]) => {
        writer.appendString(topic, false)
        writer.appendArray(some, (_, { partition }) => writer.appendInt32(partition), false, false)
      },
      false,
      false,
    )
  },
  read(reader) {
    const errorCode = reader.readInt16()
    reader.readInt32()
    const topics = reader.readArray(
      () => {
        const topic = reader.readString(false)
        const read = () => ({ topic, partition: reader.readInt32(), errorCode: reader.readInt16() })
        return reader.readArray(read, false, false)
      },
      false,
      false,
    )
    return { errorCode, partitions: topics.flat() }
  },
}
