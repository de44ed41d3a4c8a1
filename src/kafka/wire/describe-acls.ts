import type { AclBinding, AclFilter } from '../cluster.ts'
import { readEntry, readResource, writeFilter } from './acl-codes.ts'
import type { Api } from './api.ts'

/*
  DescribeAcls Request (Version: 2-3) => resource_type_filter resource_name_filter pattern_type_filter
                                         principal_filter host_filter operation permission_type TAG_BUFFER
    null or 1: any

  DescribeAcls Response (Version: 2-3) => throttle_time_ms error_code error_message [resources] TAG_BUFFER
    resources => resource_type resource_name pattern_type [acls] TAG_BUFFER
      acls => principal host operation permission_type TAG_BUFFER
*/
export interface DescribedAcls {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly bindings: readonly AclBinding[]
}

export const describeAclsApi: Api<AclFilter, DescribedAcls> = {
  name: 'DescribeAcls',
  write(writer, filter) {
    writeFilter(writer, filter)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const errorMessage = reader.readNullableString()
    const resources = reader.readArray(() => {
      const resource = readResource(reader)
      return reader.readArray(() => ({ ...resource, ...readEntry(reader) }))
    })
    return { errorCode, errorMessage, bindings: resources.flat() }
  },
}
