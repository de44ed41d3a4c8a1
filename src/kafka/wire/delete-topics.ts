import type { TopicOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  DeleteTopics Request (Version: 6) => [topics] timeout_ms TAG_BUFFER
    topics => name topic_id TAG_BUFFER
      topic_id => UUID                                                     zero: by name

  DeleteTopics Response (Version: 6) => throttle_time_ms [responses] TAG_BUFFER
    responses => name topic_id error_code error_message TAG_BUFFER
*/
export interface DeleteTopicsRequest {
  readonly topics: readonly string[]
  readonly timeoutMs: number
}

export const deleteTopicsApi: Api<DeleteTopicsRequest, TopicOutcome[]> = {
  name: 'DeleteTopics',
  write(writer, request) {
    writeStructs(writer, request.topics, (_, topic) => writer.appendString(topic).appendUUID(null))
    writer.appendInt32(request.timeoutMs).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      const topic = reader.readString()
      reader.readUUID()
      return { topic, errorCode: reader.readInt16(), message: reader.readNullableString() }
    })
  },
}
