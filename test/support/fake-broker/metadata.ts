import { writeInt32s, writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

const NO_ID = '00000000-0000-0000-0000-000000000000'
const NOT_ASKED = -2_147_483_648

/** One broker that leads everything. Topics by name only; a topic that is not there is an error of that topic. */
export const metadata: FakeApi = {
  name: 'Metadata',
  version: 13,
  handle(state, request, answer) {
    const asked = request.readNullableArray(() => {
      request.readUUID()
      return request.readNullableString() ?? ''
    })
    const { nodeId } = state
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, [state], (_, { port }) => {
      answer.appendInt32(nodeId).appendString('127.0.0.1').appendInt32(port).appendString(null)
    })
    answer.appendString(state.clusterId).appendInt32(nodeId)
    writeStructs(answer, asked ?? [...state.topics.keys()], (_, name) => {
      const topic = state.topics.get(name)
      answer.appendInt16(topic === undefined ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION : 0)
      answer
        .appendString(name)
        .appendUUID(topic?.topicId ?? NO_ID)
        .appendBoolean(false)
      writeStructs(answer, [...(topic?.partitions.entries() ?? [])], (_, [index, { leaderEpoch }]) => {
        answer.appendInt16(0).appendInt32(index).appendInt32(nodeId).appendInt32(leaderEpoch)
        writeInt32s(answer, [nodeId])
        writeInt32s(answer, [nodeId])
        writeInt32s(answer, [])
      })
      answer.appendInt32(NOT_ASKED)
    })
    answer.appendInt16(0).appendTaggedFields()
  },
}
