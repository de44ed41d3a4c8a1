import type { ProducerClient } from '../../failover/index.ts'
import type { ActiveProducer, Cluster, TopicPartition } from '../../kafka/index.ts'

/** Transactional ids of Isthmus itself: of copies, cuts and records that were salvaged. */
const OWN_PREFIX = '__isthmus.'

/**
 * The applications that a region remembers as having written to partitions since a time, the latest first. It remembers
 * producers that have an id, and no others: one without idempotence leaves nothing but records, and one that was only
 * ever refused leaves nothing at all.
 */
export async function findProducers(
  cluster: Pick<Cluster, 'describeProducers' | 'listTransactions'>,
  { partitions, sinceMs }: { readonly partitions: readonly TopicPartition[]; readonly sinceMs: number },
  signal: AbortSignal,
): Promise<ProducerClient[]> {
  const described = partitions.length === 0 ? [] : await cluster.describeProducers(partitions, signal)
  const failed = described.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) {
    throw new Error(`who writes to ${failed.topic}-${failed.partition} is not told (${failed.errorCode})`)
  }
  const states = described.flatMap(({ topic, partition, producers }) =>
    producers
      .filter(({ lastTimestamp }) => lastTimestamp >= sinceMs)
      .map((producer) => ({ producer, place: `${topic}-${partition}` })),
  )
  const ids = [...new Set(states.map(({ producer }) => producer.producerId))]
  const transactions = ids.length === 0 ? [] : await cluster.listTransactions(ids, signal)
  const names = new Map(transactions.map(({ producerId, transactionalId }) => [producerId, transactionalId]))
  const applications = states.filter(({ producer }) => names.get(producer.producerId)?.startsWith(OWN_PREFIX) !== true)
  const byProducer = Map.groupBy(applications, ({ producer }) => `${producer.producerId}/${producer.producerEpoch}`)
  return [...byProducer.values()]
    .map((places) => producerOf(places, names))
    .sort((a, b) => b.lastWriteMs - a.lastWriteMs)
}

function producerOf(
  places: readonly { readonly producer: ActiveProducer; readonly place: string }[],
  names: ReadonlyMap<bigint, string>,
): ProducerClient {
  const producers = places.map(({ producer }) => producer)
  const { producerId = 0n, producerEpoch: epoch = 0 } = producers[0] ?? {}
  return {
    producerId,
    epoch,
    transactionalId: names.get(producerId) ?? null,
    partitions: places.map(({ place }) => place),
    lastWriteMs: Math.max(...producers.map(({ lastTimestamp }) => lastTimestamp)),
  }
}
