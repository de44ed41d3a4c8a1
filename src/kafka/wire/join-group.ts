import type { GroupJoin, JoiningMember, MembershipOptions } from '../group-member.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  JoinGroup Request (Version: 9) => group_id session_timeout_ms rebalance_timeout_ms member_id group_instance_id
                                    protocol_type [protocols] reason TAG_BUFFER
    protocols => name metadata TAG_BUFFER

  JoinGroup Response (Version: 9) => throttle_time_ms error_code generation_id protocol_type protocol_name leader
                                     skip_assignment member_id [members] TAG_BUFFER
    members => member_id group_instance_id metadata TAG_BUFFER

  Answered when the whole group has joined, or its rebalance timeout is over. One protocol is offered.
*/
export type JoinGroupRequest = MembershipOptions & JoiningMember

export const joinGroupApi: Api<JoinGroupRequest, GroupJoin> = {
  name: 'JoinGroup',
  write(writer, request) {
    writer
      .appendString(request.groupId)
      .appendInt32(request.sessionTimeoutMs)
      .appendInt32(request.rebalanceTimeoutMs)
      .appendString(request.memberId)
      .appendString(request.instanceId)
      .appendString(request.protocolType)
    writeStructs(writer, [request], (_, { protocol, metadata }) => {
      writer.appendString(protocol).appendBytes(metadata)
    })
    writer.appendString(null).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const generation = reader.readInt32()
    reader.readNullableString()
    reader.readNullableString()
    return {
      errorCode,
      generation,
      leaderId: reader.readString(),
      skipAssignment: reader.readBoolean(),
      memberId: reader.readString(),
      members: reader.readArray(() => {
        const memberId = reader.readString()
        reader.readNullableString()
        return { memberId, metadata: reader.readBytes() }
      }),
    }
  },
}
