import type { AclOutcome, ClientQuota } from '../access.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  AlterClientQuotas Request (Version: 1) => [entries] validate_only TAG_BUFFER
    entries => [entity] [ops] TAG_BUFFER
      entity => entity_type entity_name TAG_BUFFER                               a null name: the default of the type
      ops => key value remove TAG_BUFFER                                         value => FLOAT64

  AlterClientQuotas Response (Version: 1) => throttle_time_ms [entries] TAG_BUFFER
    entries => error_code error_message [entity] TAG_BUFFER                      one for each entity of the request
      entity => entity_type entity_name TAG_BUFFER
*/
export const alterClientQuotasApi: Api<readonly ClientQuota[], AclOutcome[]> = {
  name: 'AlterClientQuotas',
  write(writer, quotas) {
    writeStructs(writer, quotas, (_, { entity, values }) => {
      writeStructs(writer, entity, (_, { type, name }) => {
        writer.appendString(type).appendString(name)
      })
      writeStructs(writer, values, (_, { key, value }) => {
        writer.appendString(key).appendFloat64(value).appendBoolean(false)
      })
    })
    writer.appendBoolean(false).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const outcome = { errorCode: reader.readInt16(), message: reader.readNullableString() }
      reader.readArray(() => [reader.readString(), reader.readNullableString()])
      return outcome
    })
  },
}
