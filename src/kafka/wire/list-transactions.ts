import type { TransactionListing } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStrings } from './codec.ts'

/*
  ListTransactions Request (Version: 0) => [state_filters] [producer_id_filters] TAG_BUFFER
    producer_id_filters => INT64

  ListTransactions Response (Version: 0) => throttle_time_ms error_code [unknown_state_filters] [transaction_states]
                                            TAG_BUFFER
    transaction_states => transactional_id producer_id transaction_state TAG_BUFFER
  Each broker lists the transactional ids it coordinates; those that may not be described are left out without a word.
*/
export interface ListTransactionsResponse {
  readonly errorCode: number
  readonly transactions: readonly TransactionListing[]
}

export const listTransactionsApi: Api<readonly bigint[], ListTransactionsResponse> = {
  name: 'ListTransactions',
  write(writer, producerIds) {
    writeStrings(writer, [])
    writer.appendUnsignedVarInt(producerIds.length + 1)
    for (const producerId of producerIds) writer.appendInt64(producerId)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    reader.readArray((entry) => entry.readString(), true, false)
    const transactions = reader.readArray(() => ({
      transactionalId: reader.readString(),
      producerId: reader.readInt64(),
      state: reader.readString(),
    }))
    return { errorCode, transactions }
  },
}
