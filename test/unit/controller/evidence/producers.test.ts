import { expect, test } from 'vitest'
import { findProducers } from '../../../../src/controller/evidence/producers.ts'
import type { Cluster, TransactionListing } from '../../../../src/kafka/index.ts'

const { signal } = new AbortController()

interface Wrote {
  readonly partition: number
  readonly producerId: bigint
  readonly lastTimestamp: number
}

function cluster(wrote: readonly Wrote[], names: Readonly<Record<string, string>> = {}, errorCode = 0) {
  return {
    describeProducers: async (partitions) =>
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        errorCode,
        producers: wrote
          .filter((one) => one.partition === partition)
          .map(({ producerId, lastTimestamp }) => ({
            producerId,
            producerEpoch: 0,
            lastSequence: 1,
            lastTimestamp,
            coordinatorEpoch: 0,
            currentTxnStartOffset: -1,
          })),
      })),
    listTransactions: async (ids) =>
      ids.flatMap((producerId): TransactionListing[] => {
        const transactionalId = names[String(producerId)]
        return transactionalId === undefined ? [] : [{ producerId, transactionalId, state: 'Empty' }]
      }),
  } satisfies Pick<Cluster, 'describeProducers' | 'listTransactions'>
}

const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))

test('applications are told with all that they wrote to since then, the latest first, and Isthmus itself is none', async () => {
  const wrote = [
    { partition: 0, producerId: 7n, lastTimestamp: 500 },
    { partition: 1, producerId: 7n, lastTimestamp: 700 },
    { partition: 0, producerId: 8n, lastTimestamp: 900 },
    { partition: 0, producerId: 9n, lastTimestamp: 990 },
    { partition: 1, producerId: 10n, lastTimestamp: 99 },
  ]
  const it = cluster(wrote, { '8': 'payments-1', '9': '__isthmus.shard-3' })
  expect(await findProducers(it, { partitions, sinceMs: 100 }, signal)).toEqual([
    { producerId: 8n, epoch: 0, transactionalId: 'payments-1', partitions: ['orders-0'], lastWriteMs: 900 },
    { producerId: 7n, epoch: 0, transactionalId: null, partitions: ['orders-0', 'orders-1'], lastWriteMs: 700 },
  ])
})

test('a partition that does not tell its producers is not taken for one without', async () => {
  await expect(findProducers(cluster([], {}, 29), { partitions, sinceMs: 0 }, signal)).rejects.toThrow('orders-0')
})
