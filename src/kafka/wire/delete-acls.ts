import type { AclBinding, AclDeletion } from '../cluster.ts'
import { readEntry, readResource, writeBinding } from './acl-codes.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  DeleteAcls Request (Version: 2-3) => [filters] TAG_BUFFER
    filters => resource_type_filter resource_name_filter pattern_type_filter principal_filter host_filter operation
               permission_type TAG_BUFFER                                  each the very binding, never a pattern

  DeleteAcls Response (Version: 2-3) => throttle_time_ms [filter_results] TAG_BUFFER
    filter_results => error_code error_message [matching_acls] TAG_BUFFER  in the order of the request
      matching_acls => error_code error_message resource_type resource_name pattern_type principal host operation
                       permission_type TAG_BUFFER                          none where it was gone already
*/
export const deleteAclsApi: Api<readonly AclBinding[], AclDeletion[]> = {
  name: 'DeleteAcls',
  write(writer, bindings) {
    writeStructs(writer, bindings, writeBinding)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const outcome = { errorCode: reader.readInt16(), message: reader.readNullableString() }
      const matching = reader.readArray(() => {
        const each = { errorCode: reader.readInt16(), message: reader.readNullableString() }
        readResource(reader)
        readEntry(reader)
        return each
      })
      const failed = [outcome, ...matching].find(({ errorCode }) => errorCode !== 0)
      return { ...(failed ?? outcome), deleted: matching.filter(({ errorCode }) => errorCode === 0).length }
    })
  },
}
