import type { GroupOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStrings } from './codec.ts'

/*
  DeleteGroups Request (Version: 2) => [groups_names] TAG_BUFFER

  DeleteGroups Response (Version: 2) => throttle_time_ms [results] TAG_BUFFER
    results => group_id error_code TAG_BUFFER
  68 NON_EMPTY_GROUP where it has members, 69 GROUP_ID_NOT_FOUND where it is gone.
*/
export const deleteGroupsApi: Api<readonly string[], GroupOutcome[]> = {
  name: 'DeleteGroups',
  write(writer, groupIds) {
    writeStrings(writer, groupIds)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({ groupId: reader.readString(), errorCode: reader.readInt16() }))
  },
}
