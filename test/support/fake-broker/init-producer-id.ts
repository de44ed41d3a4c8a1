import { type FakeApi, NO_THROTTLE } from './api.ts'

/**
 * A transactional id keeps its producer id, and each call raises the epoch. It fences nobody in the partitions by
 * itself. It does not abort an open transaction, and epochs do not run out.
 */
export const initProducerId: FakeApi = {
  name: 'InitProducerId',
  version: 4,
  handle(state, request, answer) {
    const transactionalId = request.readNullableString() ?? ''
    const timeoutMs = request.readInt32()
    const known = state.transactions.get(transactionalId)
    const producerId = known?.producerId ?? state.takeProducerId()
    const producerEpoch = (known?.producerEpoch ?? -1) + 1
    state.transactions.set(transactionalId, {
      producerId,
      producerEpoch,
      timeoutMs,
      state: 'Empty',
      partitions: new Set(),
    })
    answer
      .appendInt32(NO_THROTTLE)
      .appendInt16(0)
      .appendInt64(producerId)
      .appendInt16(producerEpoch)
      .appendTaggedFields()
  },
}
