import type { NewTopic, TopicOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  CreateTopics Request (Version: 5-7) => [topics] timeout_ms validate_only TAG_BUFFER
    topics => name num_partitions replication_factor [assignments] [configs] TAG_BUFFER
      assignments => partition_index [broker_ids] TAG_BUFFER
      configs => name value TAG_BUFFER

  CreateTopics Response (Version: 5-7) => throttle_time_ms [topics] TAG_BUFFER
    topics => name (v7: topic_id) error_code error_message num_partitions replication_factor [configs] TAG_BUFFER
      configs => name value read_only config_source is_sensitive TAG_BUFFER
*/
export interface CreateTopicsRequest {
  readonly topics: readonly NewTopic[]
  readonly timeoutMs: number
}

export const createTopicsApi: Api<CreateTopicsRequest, TopicOutcome[]> = {
  name: 'CreateTopics',
  write(writer, request) {
    writeStructs(writer, request.topics, (_, { topic, partitions, replicationFactor, configs }) => {
      writer.appendString(topic).appendInt32(partitions).appendInt16(replicationFactor)
      writer.appendUnsignedVarInt(1)
      writeStructs(writer, Object.entries(configs), (_, [name, value]) => {
        writer.appendString(name).appendString(value)
      })
    })
    writer.appendInt32(request.timeoutMs).appendBoolean(false).appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    return reader.readArray(() => {
      const topic = reader.readString()
      if (version >= 7) reader.readUUID()
      const errorCode = reader.readInt16()
      const message = reader.readNullableString()
      reader.readInt32()
      reader.readInt16()
      reader.readArray(() => {
        reader.readString()
        reader.readNullableString()
        reader.skip(3)
      })
      return { topic, errorCode, message }
    })
  },
}
