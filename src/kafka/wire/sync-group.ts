import type { GroupSync, MembershipOptions, SyncingMember } from '../group-member.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  SyncGroup Request (Version: 5) => group_id generation_id member_id group_instance_id protocol_type protocol_name
                                    [assignments] TAG_BUFFER
    assignments => member_id assignment TAG_BUFFER

  SyncGroup Response (Version: 5) => throttle_time_ms error_code protocol_type protocol_name assignment TAG_BUFFER

  Answered when the leader has sent the assignments; the other members send none.
*/
export type SyncGroupRequest = Pick<MembershipOptions, 'groupId' | 'protocolType' | 'protocol'> & SyncingMember

export const syncGroupApi: Api<SyncGroupRequest, GroupSync> = {
  name: 'SyncGroup',
  write(writer, request) {
    writer
      .appendString(request.groupId)
      .appendInt32(request.generation)
      .appendString(request.memberId)
      .appendString(request.instanceId)
      .appendString(request.protocolType)
      .appendString(request.protocol)
    writeStructs(writer, request.assignments, (_, { memberId, assignment }) => {
      writer.appendString(memberId).appendBytes(assignment)
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    reader.readNullableString()
    reader.readNullableString()
    return { errorCode, assignment: reader.readBytes() }
  },
}
