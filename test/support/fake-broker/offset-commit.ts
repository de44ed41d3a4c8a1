import { readByTopic, writeByTopic } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import type { FakePosition } from './state.ts'

/** Positions of groups without members; the fake has no others. */
export const offsetCommit: FakeApi = {
  name: 'OffsetCommit',
  version: 9,
  handle(state, request, answer) {
    const groupId = request.readString()
    request.readInt32()
    request.readString()
    request.readNullableString()
    const committed = readByTopic(request, (_, topic) => ({
      topic,
      partition: request.readInt32(),
      offset: Number(request.readInt64()),
      leaderEpoch: request.readInt32(),
      metadata: request.readNullableString(),
    }))
    const group = state.groups.get(groupId) ?? new Map<string, FakePosition>()
    state.groups.set(groupId, group)
    answer.appendInt32(NO_THROTTLE)
    writeByTopic(answer, committed, (_, { topic, partition, ...position }) => {
      const isKnown = state.partition(topic, partition) !== undefined
      if (isKnown) group.set(`${topic}/${partition}`, position)
      answer.appendInt32(partition).appendInt16(isKnown ? 0 : ERRORS.UNKNOWN_TOPIC_OR_PARTITION)
    })
    answer.appendTaggedFields()
  },
}
