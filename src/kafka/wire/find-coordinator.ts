import type { Api } from './api.ts'
import { writeStrings } from './codec.ts'

/*
  FindCoordinator Request (Version: 4-5) => key_type [coordinator_keys] TAG_BUFFER
    key_type => INT8                              0 group, 1 transaction
    coordinator_keys => COMPACT_STRING

  FindCoordinator Response (Version: 4-5) => throttle_time_ms [coordinators] TAG_BUFFER
    coordinators => key node_id host port error_code error_message TAG_BUFFER
*/
export type CoordinatorKind = 'group' | 'transaction'

export interface FindCoordinatorRequest {
  readonly kind: CoordinatorKind
  readonly keys: readonly string[]
}

export interface FoundCoordinator {
  readonly key: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const findCoordinatorApi: Api<FindCoordinatorRequest, FoundCoordinator[]> = {
  name: 'FindCoordinator',
  write(writer, request) {
    writer.appendInt8(request.kind === 'group' ? 0 : 1)
    writeStrings(writer, request.keys)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({
      key: reader.readString(),
      nodeId: reader.readInt32(),
      host: reader.readString(),
      port: reader.readInt32(),
      errorCode: reader.readInt16(),
      errorMessage: reader.readNullableString(),
    }))
  },
}
