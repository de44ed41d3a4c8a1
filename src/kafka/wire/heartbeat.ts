import type { MemberInGeneration } from '../group-member.ts'
import type { Api } from './api.ts'

/*
  Heartbeat Request (Version: 4) => group_id generation_id member_id group_instance_id TAG_BUFFER

  Heartbeat Response (Version: 4) => throttle_time_ms error_code TAG_BUFFER
*/
export type HeartbeatRequest = MemberInGeneration & { readonly groupId: string }

export interface HeartbeatResponse {
  readonly errorCode: number
}

export const heartbeatApi: Api<HeartbeatRequest, HeartbeatResponse> = {
  name: 'Heartbeat',
  write(writer, { groupId, generation, memberId, instanceId }) {
    writer.appendString(groupId).appendInt32(generation).appendString(memberId).appendString(instanceId)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return { errorCode: reader.readInt16() }
  },
}
