import type { Reader } from '@platformatic/kafka'
import type { GroupDescription, GroupMember, TopicPartition } from '../cluster.ts'
import type { Api } from './api.ts'
import { readInt32s, writeStrings } from './codec.ts'

/*
  ConsumerGroupDescribe Request (Version: 0-1) => [group_ids] include_authorized_operations TAG_BUFFER

  ConsumerGroupDescribe Response (Version: 0-1) => throttle_time_ms [groups] TAG_BUFFER
    groups => error_code error_message group_id group_state group_epoch assignment_epoch assignor_name [members]
              authorized_operations TAG_BUFFER
      members => member_id instance_id rack_id member_epoch client_id client_host [subscribed_topic_names]
                 subscribed_topic_regex assignment target_assignment (v1: member_type) TAG_BUFFER
        assignment, target_assignment => [topic_partitions] TAG_BUFFER
          topic_partitions => topic_id topic_name [partitions] TAG_BUFFER
  Groups of the consumer protocol (KIP-848); others are 69 GROUP_ID_NOT_FOUND.
*/
export const consumerGroupDescribeApi: Api<readonly string[], GroupDescription[]> = {
  name: 'ConsumerGroupDescribe',
  write(writer, groupIds) {
    writeStrings(writer, groupIds)
    writer.appendBoolean(false).appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    return reader.readArray(() => {
      const errorCode = reader.readInt16()
      reader.readNullableString()
      const groupId = reader.readString()
      const state = reader.readString()
      reader.readInt32()
      reader.readInt32()
      reader.readString()
      const members = reader.readArray(() => readMember(reader, version))
      reader.readInt32()
      return { groupId, errorCode, state, protocol: 'consumer', members }
    })
  },
}

function readMember(reader: Reader, version: number): GroupMember {
  reader.readString()
  reader.readNullableString()
  reader.readNullableString()
  reader.readInt32()
  const clientId = reader.readString()
  const host = reader.readString()
  reader.readArray(() => reader.readString(), true, false)
  reader.readNullableString()
  const assigned = readAssignment(reader)
  readAssignment(reader)
  if (version >= 1) reader.readInt8()
  return { clientId, host, assigned }
}

function readAssignment(reader: Reader): TopicPartition[] {
  const topics = reader.readArray(() => {
    reader.readUUID()
    const topic = reader.readString()
    return readInt32s(reader).map((partition) => ({ topic, partition }))
  })
  reader.readTaggedFields()
  return topics.flat()
}
