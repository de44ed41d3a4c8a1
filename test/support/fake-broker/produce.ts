import { writeInt64, writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import type { Appended } from './partition.ts'
import type { FakeState } from './state.ts'

/**
 * Appends one batch a partition, topics by id; the rules are those of `partition.ts`. A topic id that is not there is
 * UNKNOWN_TOPIC_ID; one that is fenced is TOPIC_AUTHORIZATION_FAILED, whatever is sent. Every acknowledgement is that of
 * all replicas: there is one.
 */
export const produce: FakeApi = {
  name: 'Produce',
  version: 13,
  handle(state, request, answer) {
    request.readNullableString()
    request.readInt16()
    request.readInt32()
    const topics = request.readArray(() => ({
      topicId: request.readUUID(),
      batches: request.readArray(() => ({ partition: request.readInt32(), bytes: request.readBytes() })),
    }))
    writeStructs(answer, topics, (_, { topicId, batches }) => {
      answer.appendUUID(topicId)
      writeStructs(answer, batches, (_, { partition, bytes }) => {
        const log = state.topicById(topicId)?.partitions[partition]
        const { errorCode, baseOffset } = append(state, { topicId, partition, bytes })
        answer.appendInt32(partition).appendInt16(errorCode)
        writeInt64(answer, baseOffset)
        writeInt64(answer, -1)
        writeInt64(answer, errorCode === 0 ? (log?.start ?? -1) : -1)
        answer.appendUnsignedVarInt(1).appendString(null)
      })
    })
    answer.appendInt32(NO_THROTTLE).appendTaggedFields()
  },
}

function append(
  state: FakeState,
  { topicId, partition, bytes }: { readonly topicId: string; readonly partition: number; readonly bytes: Buffer },
): Appended {
  const topic = state.topicById(topicId)
  if (topic !== undefined && state.fenced.has(topic.name)) {
    return { errorCode: ERRORS.TOPIC_AUTHORIZATION_FAILED, baseOffset: -1 }
  }
  return topic?.partitions[partition]?.append(bytes) ?? { errorCode: ERRORS.UNKNOWN_TOPIC_ID, baseOffset: -1 }
}
