import type { GroupPosition, PartitionOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, writeByTopic, writeInt64 } from './codec.ts'

/*
  OffsetCommit Request (Version: 8-9) => group_id generation_id_or_member_epoch member_id group_instance_id [topics]
                                         TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index committed_offset committed_leader_epoch committed_metadata TAG_BUFFER

  OffsetCommit Response (Version: 8-9) => throttle_time_ms [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index error_code TAG_BUFFER

  Always as a simple consumer: generation -1, empty member.
*/
export interface OffsetCommitRequest {
  readonly groupId: string
  readonly positions: readonly GroupPosition[]
}

export const offsetCommitApi: Api<OffsetCommitRequest, PartitionOutcome[]> = {
  name: 'OffsetCommit',
  write(writer, request) {
    writer.appendString(request.groupId).appendInt32(-1).appendString('').appendString(null)
    writeByTopic(writer, request.positions, (_, { partition, offset, leaderEpoch, metadata }) => {
      writer.appendInt32(partition)
      writeInt64(writer, offset)
      writer.appendInt32(leaderEpoch).appendString(metadata)
    })
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
