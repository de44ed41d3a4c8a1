import { writeByTopic, writeInt64, writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'

/** Every position of each group asked for; a group that nobody has heard of has none, which is no error. */
export const offsetFetch: FakeApi = {
  name: 'OffsetFetch',
  version: 8,
  handle(state, request, answer) {
    const groupIds = request.readArray(() => {
      const groupId = request.readString()
      request.readUnsignedVarInt()
      return groupId
    })
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, groupIds, (_, groupId) => {
      const positions = [...(state.groups.get(groupId) ?? [])].map(([place, position]) => {
        const [topic = '', partition] = place.split('/')
        return { topic, partition: Number(partition), ...position }
      })
      answer.appendString(groupId)
      writeByTopic(answer, positions, (_, { partition, offset, leaderEpoch, metadata }) => {
        answer.appendInt32(partition)
        writeInt64(answer, offset)
        answer.appendInt32(leaderEpoch).appendString(metadata).appendInt16(0)
      })
      answer.appendInt16(0)
    })
    answer.appendTaggedFields()
  },
}
