import type { TopicPartition, TransactionDescription } from '../cluster.ts'
import type { Api } from './api.ts'
import { readInt32s, readInt64, writeStrings } from './codec.ts'

/*
  DescribeTransactions Request (Version: 0) => [transactional_ids] TAG_BUFFER

  DescribeTransactions Response (Version: 0) => throttle_time_ms [transaction_states] TAG_BUFFER
    transaction_states => error_code transactional_id transaction_state transaction_timeout_ms
                          transaction_start_time_ms producer_id producer_epoch [topics] TAG_BUFFER
      topics => topic [partitions] TAG_BUFFER
        partitions => INT32
*/
export interface DescribedTransaction extends TransactionDescription {
  readonly errorCode: number
  readonly transactionalId: string
}

export const describeTransactionsApi: Api<readonly string[], DescribedTransaction[]> = {
  name: 'DescribeTransactions',
  write(writer, transactionalIds) {
    writeStrings(writer, transactionalIds)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({
      errorCode: reader.readInt16(),
      transactionalId: reader.readString(),
      state: reader.readString(),
      timeoutMs: reader.readInt32(),
      startTimeMs: readInt64(reader, 'transaction_start_time_ms'),
      producerId: reader.readInt64(),
      producerEpoch: reader.readInt16(),
      partitions: reader
        .readArray((): TopicPartition[] => {
          const topic = reader.readString()
          return readInt32s(reader).map((partition) => ({ topic, partition }))
        })
        .flat(),
    }))
  },
}
