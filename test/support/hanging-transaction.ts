import { crc32c } from '@node-rs/crc32'
import { Writer } from '@platformatic/kafka'
import type { Api } from '../../src/kafka/wire/api.ts'
import { addPartitionsToTxnApi } from '../../src/kafka/wire/add-partitions-to-txn.ts'
import { describeTransactionsApi } from '../../src/kafka/wire/describe-transactions.ts'
import { endTxnApi } from '../../src/kafka/wire/end-txn.ts'
import { findCoordinatorApi } from '../../src/kafka/wire/find-coordinator.ts'
import { initProducerIdApi } from '../../src/kafka/wire/init-producer-id.ts'
import { produceApi } from '../../src/kafka/wire/produce.ts'
import { makeBatch } from './hand-made-batch.ts'
import { eventually } from './isthmus-process.ts'
import { RawClient } from './raw-exchange.ts'

/**
 * Makes a transaction hang as it did before KIP-890: a batch that arrives when its transaction has ended opens it anew
 * in the partition, and the coordinator does not know. The broker needs
 * `transaction.partition.verification.enable=false`, and has to be the only one.
 */
export interface HangingTransaction {
  readonly producerId: bigint
  readonly transactionalId: string
  /** Offset of the late batch. */
  readonly startOffset: number
}

const TRANSACTIONAL_BIT = 0x10
const TIMEOUT_MS = 5_000

/** v11 is the last whose broker does not add the partition to the transaction by itself. */
const PRODUCE_VERSION = 11

export async function makeHangingTransaction(
  bootstrap: string,
  {
    topic,
    partition,
    transactionalId,
    outcome = 'commit',
  }: {
    readonly topic: string
    readonly partition: number
    readonly transactionalId: string
    /** Of the transaction whose batch is late. */
    readonly outcome?: 'commit' | 'abort'
  },
): Promise<HangingTransaction> {
  const [host = '', port = ''] = bootstrap.split(':')
  const client = await RawClient.connect(host, Number(port))
  const produceInTransaction: typeof produceApi = { ...produceApi, write: writeTransactional(transactionalId) }
  const send = async (producer: { producerId: bigint; producerEpoch: number }, baseSequence: number) => {
    const batch = markTransactional(makeBatch({ values: [`record ${baseSequence}`], ...producer, baseSequence }))
    const request = { timeoutMs: TIMEOUT_MS, batches: [{ topic, topicId: '', partition, batch }] }
    const { output } = await client.exchange(produceInTransaction, PRODUCE_VERSION, request)
    const answer = output.partitions[0]
    if (answer?.errorCode !== 0) throw new Error(`the batch was refused: ${answer?.errorCode} ${answer?.errorMessage}`)
    return answer.baseOffset
  }
  try {
    const producer = await eventually(
      'a producer id',
      async () => {
        await client.exchange(findCoordinatorApi, 5, { kind: 'transaction', keys: [transactionalId] })
        const { output } = await client.exchange(initProducerIdApi, 4, { transactionalId, timeoutMs: 60_000 })
        return output.errorCode === 0 ? output : undefined
      },
      { limitMs: 20_000 },
    )
    const transaction = { transactionalId, producerId: producer.producerId, producerEpoch: producer.producerEpoch }
    await client.exchange(addPartitionsToTxnApi, 3, { ...transaction, partitions: [{ topic, partition }] })
    await send(transaction, 0)
    await client.exchange(endTxnApi, 3, { ...transaction, outcome })
    await eventually(
      'the transaction is complete',
      async () => {
        const { output } = await client.exchange(describeTransactionsApi, 0, [transactionalId])
        return output[0]?.state === (outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort') || undefined
      },
      { limitMs: 20_000 },
    )
    const startOffset = await send(transaction, 1)
    return { producerId: producer.producerId, transactionalId, startOffset }
  } finally {
    client.close()
  }
}

/** The product never sends a transactional id with a batch, so its writer begins with a null: one byte. */
function writeTransactional(transactionalId: string): Api<never, unknown>['write'] {
  return (writer, request, version) => {
    const scratch = Writer.create()
    produceApi.write(scratch, request, version)
    writer.appendString(transactionalId).append(scratch.buffer.subarray(1))
  }
}

function markTransactional(batch: Buffer): Buffer {
  batch.writeInt16BE(batch.readInt16BE(21) | TRANSACTIONAL_BIT, 21)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}
