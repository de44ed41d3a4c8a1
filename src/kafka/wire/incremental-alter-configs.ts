import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'
import { CONFIG_RESOURCE_TYPES } from './describe-configs.ts'

/*
  IncrementalAlterConfigs Request (Version: 1) => [resources] validate_only TAG_BUFFER
    resources => resource_type resource_name [configs] TAG_BUFFER
      configs => name config_operation value TAG_BUFFER
        config_operation => INT8                                           0 set, 1 delete

  IncrementalAlterConfigs Response (Version: 1) => throttle_time_ms [responses] TAG_BUFFER
    responses => error_code error_message resource_type resource_name TAG_BUFFER
*/
export interface IncrementalAlterConfigsRequest {
  readonly topic: string
  /** A null value deletes the override. */
  readonly changes: Readonly<Record<string, string | null>>
  /** Says what would be refused, and changes nothing. */
  readonly validateOnly?: boolean
}

export interface AlteredConfigs {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const incrementalAlterConfigsApi: Api<IncrementalAlterConfigsRequest, AlteredConfigs[]> = {
  name: 'IncrementalAlterConfigs',
  write(writer, { topic, changes, validateOnly = false }) {
    writeStructs(writer, [topic], () => {
      writer.appendInt8(CONFIG_RESOURCE_TYPES.topic).appendString(topic)
      writeStructs(writer, Object.entries(changes), (_, [name, value]) => {
        writer
          .appendString(name)
          .appendInt8(value === null ? 1 : 0)
          .appendString(value)
      })
    })
    writer.appendBoolean(validateOnly).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const errorCode = reader.readInt16()
      const errorMessage = reader.readNullableString()
      reader.readInt8()
      return { errorCode, errorMessage, name: reader.readString() }
    })
  },
}
