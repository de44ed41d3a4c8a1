import type { TransactionHandle } from '../cluster.ts'
import type { Api } from './api.ts'

/*
  EndTxn Request (Version: 3) => transactional_id producer_id producer_epoch committed TAG_BUFFER
  EndTxn Response (Version: 3) => throttle_time_ms error_code TAG_BUFFER
*/
export interface EndTxnRequest extends TransactionHandle {
  readonly outcome: 'commit' | 'abort'
}

export const endTxnApi: Api<EndTxnRequest, { readonly errorCode: number }> = {
  name: 'EndTxn',
  write(writer, request) {
    writer.appendString(request.transactionalId).appendInt64(request.producerId).appendInt16(request.producerEpoch)
    writer.appendBoolean(request.outcome === 'commit').appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return { errorCode: reader.readInt16() }
  },
}
