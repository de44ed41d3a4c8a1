import type { UserOutcome } from '../access.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'
import { SCRAM_MECHANISMS, type ScramMechanism } from './scram-mechanisms.ts'

/*
  AlterUserScramCredentials Request (Version: 0) => [deletions] [upsertions] TAG_BUFFER
    deletions => name mechanism TAG_BUFFER                                       never any
    upsertions => name mechanism iterations salt salted_password TAG_BUFFER

  AlterUserScramCredentials Response (Version: 0) => throttle_time_ms [results] TAG_BUFFER
    results => user error_code error_message TAG_BUFFER                          each user once
*/
export interface SaltedCredential {
  readonly user: string
  readonly mechanism: ScramMechanism
  readonly iterations: number
  readonly salt: Buffer
  /** `Hi(password, salt, iterations)` of RFC 5802. */
  readonly saltedPassword: Buffer
}

export const alterUserScramCredentialsApi: Api<readonly SaltedCredential[], UserOutcome[]> = {
  name: 'AlterUserScramCredentials',
  write(writer, credentials) {
    writeStructs(writer, [], () => undefined)
    writeStructs(writer, credentials, (_, { user, mechanism, iterations, salt, saltedPassword }) => {
      writer
        .appendString(user)
        .appendInt8(SCRAM_MECHANISMS.indexOf(mechanism))
        .appendInt32(iterations)
        .appendBytes(salt)
        .appendBytes(saltedPassword)
    })
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({
      user: reader.readString(),
      errorCode: reader.readInt16(),
      message: reader.readNullableString(),
    }))
  },
}
