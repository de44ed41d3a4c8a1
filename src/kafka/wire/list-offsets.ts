import type { ListedOffset, ListOffsetsQuery } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, readInt64, writeByTopic, writeInt64 } from './codec.ts'

/*
  ListOffsets Request (Version: 7-9) => replica_id isolation_level [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index current_leader_epoch timestamp TAG_BUFFER

  ListOffsets Response (Version: 7-9) => throttle_time_ms [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index error_code timestamp offset leader_epoch TAG_BUFFER
*/
export type ListOffsetsRequest = Required<Omit<ListOffsetsQuery, 'deadlineMs'>>

const UNKNOWN_LEADER_EPOCH = -1

export const listOffsetsApi: Api<ListOffsetsRequest, ListedOffset[]> = {
  name: 'ListOffsets',
  write(writer, request) {
    writer.appendInt32(request.replicaId).appendInt8(request.isolation === 'read_committed' ? 1 : 0)
    writeByTopic(writer, request.partitions, (_, { partition, timestamp }) => {
      writer.appendInt32(partition).appendInt32(UNKNOWN_LEADER_EPOCH)
      writeInt64(writer, timestamp)
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return readByTopic(reader, (_, topic) => ({
      topic,
      partition: reader.readInt32(),
      errorCode: reader.readInt16(),
      timestamp: readInt64(reader, 'timestamp'),
      offset: readInt64(reader, 'offset'),
      leaderEpoch: reader.readInt32(),
    }))
  },
}
