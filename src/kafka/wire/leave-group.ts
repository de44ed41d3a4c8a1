import type { MemberInGeneration } from '../group-member.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  LeaveGroup Request (Version: 5) => group_id [members] TAG_BUFFER
    members => member_id group_instance_id reason TAG_BUFFER

  LeaveGroup Response (Version: 5) => throttle_time_ms error_code [members] TAG_BUFFER
    members => member_id group_instance_id error_code TAG_BUFFER
*/
export type LeaveGroupRequest = Omit<MemberInGeneration, 'generation'> & { readonly groupId: string }

export interface LeaveGroupResponse {
  /** Of the call, or else of the one member that leaves. */
  readonly errorCode: number
}

export const leaveGroupApi: Api<LeaveGroupRequest, LeaveGroupResponse> = {
  name: 'LeaveGroup',
  write(writer, { groupId, memberId, instanceId }) {
    writer.appendString(groupId)
    writeStructs(writer, [memberId], () => {
      writer.appendString(memberId).appendString(instanceId).appendString('stopping')
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const members = reader.readArray(() => {
      reader.readString()
      reader.readNullableString()
      return reader.readInt16()
    })
    return { errorCode: errorCode === 0 ? (members[0] ?? 0) : errorCode }
  },
}
