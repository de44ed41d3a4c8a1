import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

const TOPIC = 2
const FROM_TOPIC = 1
const STRING_TYPE = 2

/** What was set on a topic; no defaults, and nothing of brokers. */
export const describeConfigs: FakeApi = {
  name: 'DescribeConfigs',
  version: 4,
  handle(state, request, answer) {
    const resources = request.readArray(() => {
      const type = request.readInt8()
      const name = request.readString()
      request.readNullableArray(() => request.readString(), true, false)
      return { type, name }
    })
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, resources, (_, { type, name }) => {
      const topic = type === TOPIC ? state.topics.get(name) : undefined
      const isMissing = type === TOPIC && topic === undefined
      answer.appendInt16(isMissing ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION : 0).appendString(isMissing ? '' : null)
      answer.appendInt8(type).appendString(name)
      writeStructs(answer, [...(topic?.configs ?? [])], (_, [key, value]) => {
        answer.appendString(key).appendString(value).appendBoolean(false).appendInt8(FROM_TOPIC).appendBoolean(false)
        answer.appendUnsignedVarInt(1).appendInt8(STRING_TYPE).appendString(null)
      })
    })
    answer.appendTaggedFields()
  },
}
