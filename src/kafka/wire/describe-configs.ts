import type { Reader } from '@platformatic/kafka'
import type { ConfigEntry } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStrings, writeStructs } from './codec.ts'

/*
  DescribeConfigs Request (Version: 4) => [resources] include_synonyms include_documentation TAG_BUFFER
    resources => resource_type resource_name [configuration_keys] TAG_BUFFER
      configuration_keys => COMPACT_STRING                                 null: all

  DescribeConfigs Response (Version: 4) => throttle_time_ms [results] TAG_BUFFER
    results => error_code error_message resource_type resource_name [configs] TAG_BUFFER
      configs => name value read_only config_source is_sensitive [synonyms] config_type documentation TAG_BUFFER
        synonyms => name value source TAG_BUFFER
*/
export type ConfigResourceKind = 'topic' | 'broker'

export const CONFIG_RESOURCE_TYPES: Readonly<Record<ConfigResourceKind, number>> = { topic: 2, broker: 4 }

/** Codes of `config_source`: dynamic topic, dynamic broker, dynamic default broker, static broker, default. */
const CONFIG_SOURCES: Readonly<Record<number, ConfigEntry['source']>> = {
  1: 'topic',
  2: 'broker',
  3: 'broker',
  4: 'broker',
  5: 'default',
}

export interface DescribeConfigsRequest {
  readonly kind: ConfigResourceKind
  readonly names: readonly string[]
  /** @defaultValue all */
  readonly settings?: readonly string[]
}

export interface DescribedConfigs {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly entries: ConfigEntry[]
}

export const describeConfigsApi: Api<DescribeConfigsRequest, DescribedConfigs[]> = {
  name: 'DescribeConfigs',
  write(writer, request) {
    const { kind, names, settings } = request
    writeStructs(writer, names, (_, name) => {
      writer.appendInt8(CONFIG_RESOURCE_TYPES[kind]).appendString(name)
      if (settings === undefined) writer.appendUnsignedVarInt(0)
      else writeStrings(writer, settings)
    })
    writer.appendBoolean(false).appendBoolean(false).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const errorCode = reader.readInt16()
      const errorMessage = reader.readNullableString()
      reader.readInt8()
      return { errorCode, errorMessage, name: reader.readString(), entries: reader.readArray(readEntry) }
    })
  },
}

function readEntry(reader: Reader): ConfigEntry {
  const name = reader.readString()
  const value = reader.readNullableString()
  const isReadOnly = reader.readBoolean()
  const source = CONFIG_SOURCES[reader.readInt8()] ?? 'other'
  const isSensitive = reader.readBoolean()
  reader.readArray(() => {
    reader.readString()
    reader.readNullableString()
    reader.readInt8()
  })
  reader.readInt8()
  reader.readNullableString()
  return { name, value, source, isReadOnly, isSensitive }
}
