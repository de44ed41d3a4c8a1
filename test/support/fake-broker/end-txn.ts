import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import { readTransaction } from './transactions.ts'

/**
 * Writes the markers before it answers, where a real coordinator answers first. The same end again is no error; any
 * other end of a transaction that is not open is INVALID_TXN_STATE.
 */
export const endTxn: FakeApi = {
  name: 'EndTxn',
  version: 3,
  handle(state, request, answer) {
    const transaction = readTransaction(state, request)
    const outcome = request.readBoolean() ? 'commit' : 'abort'
    answer.appendInt32(NO_THROTTLE).appendInt16(typeof transaction === 'number' ? transaction : end())
    answer.appendTaggedFields()

    function end(): number {
      if (typeof transaction === 'number') return transaction
      const completed = outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort'
      if (transaction.state === completed) return 0
      if (transaction.state !== 'Ongoing') return ERRORS.INVALID_TXN_STATE
      for (const place of transaction.partitions) {
        const [topic = '', partition] = place.split('/')
        const { producerId, producerEpoch } = transaction
        state.partition(topic, Number(partition))?.appendMarker(producerId, producerEpoch, outcome)
      }
      transaction.partitions.clear()
      transaction.state = completed
      return 0
    }
  },
}
