import type { AclBinding, AclOutcome } from '../cluster.ts'
import { writeBinding } from './acl-codes.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  CreateAcls Request (Version: 2-3) => [creations] TAG_BUFFER
    creations => resource_type resource_name resource_pattern_type principal host operation permission_type TAG_BUFFER

  CreateAcls Response (Version: 2-3) => throttle_time_ms [results] TAG_BUFFER
    results => error_code error_message TAG_BUFFER                         in the order of the request
*/
export const createAclsApi: Api<readonly AclBinding[], AclOutcome[]> = {
  name: 'CreateAcls',
  write(writer, bindings) {
    writeStructs(writer, bindings, writeBinding)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({ errorCode: reader.readInt16(), message: reader.readNullableString() }))
  },
}
