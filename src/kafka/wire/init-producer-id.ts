import type { ProducerIdentity } from '../cluster.ts'
import type { Api } from './api.ts'

/*
  InitProducerId Request (Version: 4-5) => transactional_id transaction_timeout_ms producer_id producer_epoch TAG_BUFFER
    transactional_id => COMPACT_NULLABLE_STRING
    transaction_timeout_ms => INT32
    producer_id => INT64                          -1: nothing to keep, so the coordinator fences whoever has the id
    producer_epoch => INT16                       -1

  InitProducerId Response (Version: 4-5) => throttle_time_ms error_code producer_id producer_epoch TAG_BUFFER
*/
export interface InitProducerIdRequest {
  readonly transactionalId: string
  readonly timeoutMs: number
}

export interface InitProducerIdResponse extends ProducerIdentity {
  readonly errorCode: number
}

export const initProducerIdApi: Api<InitProducerIdRequest, InitProducerIdResponse> = {
  name: 'InitProducerId',
  write(writer, request) {
    writer.appendString(request.transactionalId).appendInt32(request.timeoutMs)
    writer.appendInt64(-1n).appendInt16(-1).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    return { errorCode, producerId: reader.readInt64(), producerEpoch: reader.readInt16() }
  },
}
