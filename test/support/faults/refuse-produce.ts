import { Reader, Writer } from '@platformatic/kafka'
import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import type { FaultAction } from './fault-script.ts'
import { bodyOf } from './request-frame.ts'

const TOPIC_ID_VERSION = 13

/** Answers a Produce request with an error code for every batch; the broker sees nothing of it. */
export function refuseProduce(errorCode: number): FaultAction {
  return {
    kind: 'answer',
    body(frame, { version }) {
      if (version < TOPIC_ID_VERSION) throw new Error(`Produce version ${version} is not taken apart here`)
      const request = Reader.from(bodyOf(frame))
      request.readNullableString()
      request.skip(2 + 4)
      const topics = request.readArray(() => ({
        topicId: request.readUUID(),
        partitions: request.readArray(() => {
          const partition = request.readInt32()
          request.readBytes()
          return partition
        }),
      }))
      const answer = Writer.create()
      writeStructs(answer, topics, (_, { topicId, partitions }) => {
        answer.appendUUID(topicId)
        writeStructs(answer, partitions, (_, partition) => {
          answer.appendInt32(partition).appendInt16(errorCode).appendInt64(-1n).appendInt64(-1n).appendInt64(-1n)
          answer.appendUnsignedVarInt(1).appendString(null)
        })
      })
      return answer.appendInt32(0).appendTaggedFields().buffer
    },
  }
}
