import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'

/** The one broker coordinates everything, from the first request on. */
export const findCoordinator: FakeApi = {
  name: 'FindCoordinator',
  version: 4,
  handle(state, request, answer) {
    request.readInt8()
    const keys = request.readArray(() => request.readString(), true, false)
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, keys, (_, key) => {
      answer.appendString(key).appendInt32(state.nodeId).appendString('127.0.0.1').appendInt32(state.port)
      answer.appendInt16(0).appendString(null)
    })
    answer.appendTaggedFields()
  },
}
