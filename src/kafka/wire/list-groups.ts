import type { GroupListing } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStrings } from './codec.ts'

/*
  ListGroups Request (Version: 4-5) => [states_filter] (v5: [types_filter]) TAG_BUFFER
  ListGroups Response (Version: 4-5) => throttle_time_ms error_code [groups] TAG_BUFFER
    groups => group_id protocol_type group_state (v5: group_type) TAG_BUFFER
  Each broker lists the groups it coordinates.
*/
export interface ListGroupsResponse {
  readonly errorCode: number
  readonly groups: readonly GroupListing[]
}

export const listGroupsApi: Api<null, ListGroupsResponse> = {
  name: 'ListGroups',
  write(writer, _, version) {
    writeStrings(writer, [])
    if (version >= 5) writeStrings(writer, [])
    writer.appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const groups = reader.readArray(() => ({
      groupId: reader.readString(),
      protocolType: reader.readString(),
      state: reader.readString(),
      type: version >= 5 ? reader.readString() : '',
    }))
    return { errorCode, groups }
  },
}
