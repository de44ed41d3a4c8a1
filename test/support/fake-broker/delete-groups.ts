import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

/** With their positions; no group of the fake has members. */
export const deleteGroups: FakeApi = {
  name: 'DeleteGroups',
  version: 2,
  handle(state, request, answer) {
    const groupIds = request.readArray(() => request.readString(), true, false)
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, groupIds, (_, groupId) => {
      const isThere = state.groups.delete(groupId)
      answer.appendString(groupId).appendInt16(isThere ? 0 : ERRORS.GROUP_ID_NOT_FOUND)
    })
    answer.appendTaggedFields()
  },
}
