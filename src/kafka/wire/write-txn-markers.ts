import type { TxnMarker, PartitionOutcome, TopicPartition } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, writeIndexesByTopic, writeStructs } from './codec.ts'

/*
  WriteTxnMarkers Request (Version: 1-2) => [markers] TAG_BUFFER
    markers => producer_id producer_epoch transaction_result [topics] coordinator_epoch (v2: transaction_version)
               TAG_BUFFER
      transaction_result => BOOLEAN                                        false: abort
      topics => name [partition_indexes] TAG_BUFFER
      transaction_version => INT8                                          0: the marker's epoch may equal the producer's

  WriteTxnMarkers Response (Version: 1-2) => [markers] TAG_BUFFER
    markers => producer_id [topics] TAG_BUFFER
      topics => name [partitions] TAG_BUFFER
        partitions => partition_index error_code TAG_BUFFER
*/
export interface WriteTxnMarkersRequest extends TxnMarker {
  readonly partitions: readonly TopicPartition[]
}

export const writeTxnMarkersApi: Api<WriteTxnMarkersRequest, PartitionOutcome[]> = {
  name: 'WriteTxnMarkers',
  write(writer, request, version) {
    writeStructs(writer, [request], () => {
      writer
        .appendInt64(request.producerId)
        .appendInt16(request.producerEpoch)
        .appendBoolean(request.outcome === 'commit')
      writeIndexesByTopic(writer, request.partitions)
      writer.appendInt32(request.coordinatorEpoch)
      if (version >= 2) writer.appendInt8(0)
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    return reader
      .readArray(() => {
        reader.readInt64()
        return readByTopic(reader, (_, topic) => ({
          topic,
          partition: reader.readInt32(),
          errorCode: reader.readInt16(),
        }))
      })
      .flat()
  },
}
