import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

/** Topics of one replica, there at once. Configs are kept as given, known or not. */
export const createTopics: FakeApi = {
  name: 'CreateTopics',
  version: 7,
  handle(state, request, answer) {
    const wanted = request.readArray(() => {
      const name = request.readString()
      const partitions = request.readInt32()
      request.readInt16()
      request.readArray(() => undefined)
      const configs = request.readArray(() => [request.readString(), request.readNullableString() ?? ''] as const)
      return { name, partitions, configs }
    })
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, wanted, (_, { name, partitions, configs }) => {
      const isThere = state.topics.has(name)
      const topic = state.topics.get(name) ?? state.createTopic(name, Math.max(1, partitions), configs)
      answer.appendString(name).appendUUID(topic.topicId)
      answer.appendInt16(isThere ? ERRORS.TOPIC_ALREADY_EXISTS : 0)
      answer.appendString(isThere ? `Topic '${name}' already exists.` : null)
      answer.appendInt32(isThere ? -1 : topic.partitions.length).appendInt16(isThere ? -1 : 1)
      answer.appendUnsignedVarInt(1)
    })
    answer.appendTaggedFields()
  },
}
