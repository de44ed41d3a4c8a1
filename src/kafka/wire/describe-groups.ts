import type { Reader } from '@platformatic/kafka'
import type { GroupDescription, GroupMember } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStrings } from './codec.ts'
import { readConsumerAssignment } from './consumer-assignment.ts'

/*
  DescribeGroups Request (Version: 5-6) => [groups] include_authorized_operations TAG_BUFFER

  DescribeGroups Response (Version: 5-6) => throttle_time_ms [groups] TAG_BUFFER
    groups => error_code (v6: error_message) group_id group_state protocol_type protocol_data [members]
              authorized_operations TAG_BUFFER
      members => member_id group_instance_id client_id client_host member_metadata member_assignment TAG_BUFFER
  Knows groups of the classic protocol only: of others v5 says Dead, v6 answers 69 GROUP_ID_NOT_FOUND.
*/
/** The protocol type of groups that consumers form. */
const CONSUMERS = 'consumer'

export const describeGroupsApi: Api<readonly string[], GroupDescription[]> = {
  name: 'DescribeGroups',
  write(writer, groupIds) {
    writeStrings(writer, groupIds)
    writer.appendBoolean(false).appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    return reader.readArray(() => {
      const errorCode = reader.readInt16()
      if (version >= 6) reader.readNullableString()
      const groupId = reader.readString()
      const state = reader.readString()
      const protocolType = reader.readString()
      reader.readString()
      const members = reader.readArray(() => readMember(reader, protocolType))
      reader.readInt32()
      return { groupId, errorCode, state, protocol: 'classic', members }
    })
  },
}

function readMember(reader: Reader, protocolType: string): GroupMember {
  reader.readString()
  reader.readNullableString()
  const clientId = reader.readString()
  const host = reader.readString()
  reader.readBytes()
  const assignment = reader.readBytes()
  const assigned = protocolType === CONSUMERS ? readConsumerAssignment(assignment) : []
  return { clientId, host, assigned }
}
