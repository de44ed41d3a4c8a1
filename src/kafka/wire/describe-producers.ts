import type { Reader } from '@platformatic/kafka'
import type { ActiveProducer, PartitionProducers, TopicPartition } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, readInt64, writeIndexesByTopic } from './codec.ts'

/*
  DescribeProducers Request (Version: 0) => [topics] TAG_BUFFER
    topics => name [partition_indexes] TAG_BUFFER
      partition_indexes => INT32

  DescribeProducers Response (Version: 0) => throttle_time_ms [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index error_code error_message [active_producers] TAG_BUFFER
        active_producers => producer_id producer_epoch last_sequence last_timestamp coordinator_epoch
                            current_txn_start_offset TAG_BUFFER
          producer_epoch => INT32                                          here only; INT16 elsewhere
*/
export const describeProducersApi: Api<readonly TopicPartition[], PartitionProducers[]> = {
  name: 'DescribeProducers',
  write(writer, partitions) {
    writeIndexesByTopic(writer, partitions)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return readByTopic(reader, (_, topic) => {
      const partition = reader.readInt32()
      const errorCode = reader.readInt16()
      reader.readNullableString()
      return { topic, partition, errorCode, producers: reader.readArray(readProducer) }
    })
  },
}

function readProducer(reader: Reader): ActiveProducer {
  return {
    producerId: reader.readInt64(),
    producerEpoch: reader.readInt32(),
    lastSequence: reader.readInt32(),
    lastTimestamp: readInt64(reader, 'last_timestamp'),
    coordinatorEpoch: reader.readInt32(),
    currentTxnStartOffset: readInt64(reader, 'current_txn_start_offset'),
  }
}
