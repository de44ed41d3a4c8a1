import type { PartitionOutcome, TopicPartition } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, writeByTopic, writeInt64 } from './codec.ts'

/*
  DeleteRecords Request (Version: 2) => [topics] timeout_ms TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index offset TAG_BUFFER

  DeleteRecords Response (Version: 2) => throttle_time_ms [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index low_watermark error_code TAG_BUFFER
*/
export interface DeleteRecordsRequest {
  readonly bounds: readonly (TopicPartition & { readonly offset: number })[]
  readonly timeoutMs: number
}

export const deleteRecordsApi: Api<DeleteRecordsRequest, PartitionOutcome[]> = {
  name: 'DeleteRecords',
  write(writer, request) {
    writeByTopic(writer, request.bounds, (_, { partition, offset }) => {
      writer.appendInt32(partition)
      writeInt64(writer, offset)
    })
    writer.appendInt32(request.timeoutMs).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return readByTopic(reader, (_, topic) => {
      const partition = reader.readInt32()
      reader.readInt64()
      return { topic, partition, errorCode: reader.readInt16() }
    })
  },
}
