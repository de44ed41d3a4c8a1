import type { PartitionOutcome, TopicPartition, TransactionHandle } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, writeIndexesByTopic } from './codec.ts'

/*
  AddPartitionsToTxn Request (Version: 3) => transactional_id producer_id producer_epoch [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => INT32

  AddPartitionsToTxn Response (Version: 3) => throttle_time_ms [results_by_topic] TAG_BUFFER
    results_by_topic => name [results_by_partition] TAG_BUFFER
      results_by_partition => partition_index partition_error_code TAG_BUFFER
*/
export interface AddPartitionsToTxnRequest extends TransactionHandle {
  readonly partitions: readonly TopicPartition[]
}

export const addPartitionsToTxnApi: Api<AddPartitionsToTxnRequest, PartitionOutcome[]> = {
  name: 'AddPartitionsToTxn',
  write(writer, request) {
    writer.appendString(request.transactionalId).appendInt64(request.producerId).appendInt16(request.producerEpoch)
    writeIndexesByTopic(writer, request.partitions)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return readByTopic(reader, (_, topic) => ({
      topic,
      partition: reader.readInt32(),
      errorCode: reader.readInt16(),
    }))
  },
}
