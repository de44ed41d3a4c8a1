import type { EpochEnd, EpochQuery } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, readInt64, writeByTopic } from './codec.ts'

/*
  OffsetForLeaderEpoch Request (Version: 4) => replica_id [topics] TAG_BUFFER
    topics => topic [partitions] TAG_BUFFER
      partitions => partition current_leader_epoch leader_epoch TAG_BUFFER

  OffsetForLeaderEpoch Response (Version: 4) => throttle_time_ms [topics] TAG_BUFFER
    topics => topic [partitions] TAG_BUFFER
      partitions => error_code partition leader_epoch end_offset TAG_BUFFER
*/
const CONSUMER_REPLICA_ID = -1

export const offsetForLeaderEpochApi: Api<readonly EpochQuery[], EpochEnd[]> = {
  name: 'OffsetForLeaderEpoch',
  write(writer, queries) {
    writer.appendInt32(CONSUMER_REPLICA_ID)
    writeByTopic(writer, queries, (_, { partition, currentLeaderEpoch, leaderEpoch }) => {
      writer.appendInt32(partition).appendInt32(currentLeaderEpoch).appendInt32(leaderEpoch)
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return readByTopic(reader, (_, topic) => ({
      topic,
      errorCode: reader.readInt16(),
      partition: reader.readInt32(),
      leaderEpoch: reader.readInt32(),
      endOffset: readInt64(reader, 'end_offset'),
    }))
  },
}
