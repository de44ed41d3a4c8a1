import type { TopicOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  DeleteTopics Request (Version: 6) => [topics] timeout_ms TAG_BUFFER
    topics => name topic_id TAG_BUFFER
      name => COMPACT_NULLABLE_STRING                                      null: by id
      topic_id => UUID                                                     zero: by name

  DeleteTopics Response (Version: 6) => throttle_time_ms [responses] TAG_BUFFER
    responses => name topic_id error_code error_message TAG_BUFFER
*/
export interface DeleteTopicsRequest {
  /** By name. */
  readonly topics: readonly string[]
  /** By id: a topic that was made anew under the same name is another one. */
  readonly topicIds?: readonly string[]
  readonly timeoutMs: number
}

export const deleteTopicsApi: Api<DeleteTopicsRequest, TopicOutcome[]> = {
  name: 'DeleteTopics',
  write(writer, request) {
    const names = request.topics.map((topic) => ({ topic, id: null }))
    const ids = (request.topicIds ?? []).map((id) => ({ topic: null, id }))
    writeStructs(writer, [...names, ...ids], (_, { topic, id }) => writer.appendString(topic).appendUUID(id))
    writer.appendInt32(request.timeoutMs).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => {
      // A topic that was asked for by an id that there is not has no name.
      const topic = reader.readNullableString() ?? ''
      reader.readUUID()
      return { topic, errorCode: reader.readInt16(), message: reader.readNullableString() }
    })
  },
}
