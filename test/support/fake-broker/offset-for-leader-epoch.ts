import { readByTopic, writeByTopic, writeInt64 } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

/** The log's end, for the one leader epoch that a partition of the fake ever has. */
export const offsetForLeaderEpoch: FakeApi = {
  name: 'OffsetForLeaderEpoch',
  version: 4,
  handle(state, request, answer) {
    request.readInt32()
    const asked = readByTopic(request, (_, topic) => {
      const partition = request.readInt32()
      request.readInt32()
      return { topic, partition, leaderEpoch: request.readInt32() }
    })
    answer.appendInt32(NO_THROTTLE)
    writeByTopic(answer, asked, (_, { topic, partition, leaderEpoch }) => {
      const log = state.partition(topic, partition)
      const isKnown = log !== undefined && leaderEpoch === log.leaderEpoch
      answer.appendInt16(log === undefined ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION : 0).appendInt32(partition)
      answer.appendInt32(isKnown ? leaderEpoch : -1)
      writeInt64(answer, isKnown ? log.end : -1)
    })
    answer.appendTaggedFields()
  },
}
