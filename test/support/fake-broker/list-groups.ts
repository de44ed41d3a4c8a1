import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'

/** Every group is empty and a simple one: positions, and no members. */
export const listGroups: FakeApi = {
  name: 'ListGroups',
  version: 4,
  handle(state, _request, answer) {
    answer.appendInt32(NO_THROTTLE).appendInt16(0)
    writeStructs(answer, [...state.groups.keys()], (_, groupId) => {
      answer.appendString(groupId).appendString('').appendString('Empty')
    })
    answer.appendTaggedFields()
  },
}
