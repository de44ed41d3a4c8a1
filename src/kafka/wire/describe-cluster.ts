import type { AclOperation } from '../cluster.ts'
import { readOperations } from './acl-codes.ts'
import type { Api } from './api.ts'

/*
  DescribeCluster Request (Version: 0-1) => include_cluster_authorized_operations (v1: endpoint_type) TAG_BUFFER
    endpoint_type => INT8                                                      1: brokers

  DescribeCluster Response (Version: 0-1) => throttle_time_ms error_code error_message (v1: endpoint_type) cluster_id
                                             controller_id [brokers] cluster_authorized_operations TAG_BUFFER
    brokers => broker_id host port rack TAG_BUFFER
*/
export interface DescribeClusterResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  /** What the caller may do on the cluster itself. */
  readonly operations: readonly AclOperation[]
}

const BROKERS = 1

export const describeClusterApi: Api<null, DescribeClusterResponse> = {
  name: 'DescribeCluster',
  write(writer, _, version) {
    writer.appendBoolean(true)
    if (version >= 1) writer.appendInt8(BROKERS)
    writer.appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const errorMessage = reader.readNullableString()
    if (version >= 1) reader.readInt8()
    reader.readString()
    reader.readInt32()
    reader.readArray(() => {
      reader.readInt32()
      reader.readString()
      reader.readInt32()
      reader.readNullableString()
    })
    return { errorCode, errorMessage, operations: readOperations(reader) }
  },
}
