import type { ScramUser } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'
import { SCRAM_MECHANISMS } from './scram-mechanisms.ts'

/*
  DescribeUserScramCredentials Request (Version: 0) => [users] TAG_BUFFER      null: all

  DescribeUserScramCredentials Response (Version: 0) => throttle_time_ms error_code error_message [results] TAG_BUFFER
    results => user error_code error_message [credential_infos] TAG_BUFFER
      credential_infos => mechanism iterations TAG_BUFFER
*/
export interface DescribeUserScramCredentialsResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly users: readonly ScramUser[]
}

export const describeUserScramCredentialsApi: Api<null, DescribeUserScramCredentialsResponse> = {
  name: 'DescribeUserScramCredentials',
  write(writer) {
    writeStructs(writer, null, () => undefined)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const errorMessage = reader.readNullableString()
    const users = reader.readArray(() => {
      const user = reader.readString()
      reader.readInt16()
      reader.readNullableString()
      const credentials = reader.readArray(() => ({
        mechanism: SCRAM_MECHANISMS[reader.readInt8()] ?? 'unknown',
        iterations: reader.readInt32(),
      }))
      return { user, credentials }
    })
    return { errorCode, errorMessage, users }
  },
}
