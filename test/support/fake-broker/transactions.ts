import type { Reader } from '@platformatic/kafka'
import { ERRORS } from './errors.ts'
import type { FakeState, FakeTransaction } from './state.ts'

/** The transaction that a request names, or the code for why it may not use it. */
export function readTransaction(state: FakeState, request: Reader): FakeTransaction | number {
  const transaction = state.transactions.get(request.readString())
  const producerId = request.readInt64()
  const producerEpoch = request.readInt16()
  if (transaction === undefined || transaction.producerId !== producerId) return ERRORS.INVALID_PRODUCER_ID_MAPPING
  return transaction.producerEpoch === producerEpoch ? transaction : ERRORS.PRODUCER_FENCED
}
