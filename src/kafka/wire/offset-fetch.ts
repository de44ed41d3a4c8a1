import type { GroupOffsets } from '../cluster.ts'
import type { Api } from './api.ts'
import { readByTopic, readInt64, writeStructs } from './codec.ts'

/*
  OffsetFetch Request (Version: 8-9) => [groups] require_stable TAG_BUFFER
    groups => group_id (v9: member_id member_epoch) [topics] TAG_BUFFER
      topics => name [partition_indexes] TAG_BUFFER                        null: all of the group

  OffsetFetch Response (Version: 8-9) => throttle_time_ms [groups] TAG_BUFFER
    groups => group_id [topics] error_code TAG_BUFFER
      topics => name [partitions] TAG_BUFFER
        partitions => partition_index committed_offset committed_leader_epoch metadata error_code TAG_BUFFER

  Not `require_stable`: a position in a pending transaction is not committed yet, and waiting for it would let one
  hanging transaction stop the positions of its partition.
*/
const NO_POSITION = -1

export const offsetFetchApi: Api<readonly string[], GroupOffsets[]> = {
  name: 'OffsetFetch',
  write(writer, groupIds, version) {
    writeStructs(writer, groupIds, (_, groupId) => {
      writer.appendString(groupId)
      if (version >= 9) writer.appendString(null).appendInt32(-1)
      writer.appendUnsignedVarInt(0)
    })
    writer.appendBoolean(false).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const groupId = reader.readString()
      const positions = readByTopic(reader, (_, topic) => ({
        topic,
        partition: reader.readInt32(),
        offset: readInt64(reader, 'committed_offset'),
        leaderEpoch: reader.readInt32(),
        metadata: reader.readNullableString(),
        errorCode: reader.readInt16(),
      })).filter(({ offset, errorCode }) => offset !== NO_POSITION || errorCode !== 0)
      return { groupId, errorCode: reader.readInt16(), positions }
    })
  },
}
