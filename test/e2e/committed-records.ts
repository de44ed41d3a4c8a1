import { systemClock as clock, systemRandom as random } from '../../src/core/index.ts'
import {
  type BatchHeader,
  type Cluster,
  type ClusterOptions,
  type DecodedRecord,
  decodeRecords,
  isControl,
  isTransactional,
  openCluster,
  readBatch,
  readControlType,
} from '../../src/kafka/index.ts'
import { eventually } from '../support/isthmus-process.ts'
import { type PartitionRef, RawReader } from '../../src/replication/flows/raw-reader.ts'

/**
 * What readers of committed records see, taken from the raw logs and the markers in them. kafkajs cannot be asked: it
 * expects aborted transactions in the order of their first records and brokers name them in the order of their markers,
 * so where transactions of several producers overlap it gives out records of aborted ones.
 */
export interface CommittedRecord {
  readonly partition: number
  readonly offset: number
  /** Everything of the record but its offset. */
  readonly content: string
}

const READ_BYTES = 4 << 20

/** By topic, each in the order of its partitions and offsets, up to the ends of this moment. */
export async function readCommitted(
  options: Omit<ClusterOptions, 'context'>,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly CommittedRecord[]>> {
  const cluster = openCluster({ ...options, context: { clock, random } })
  const reader = new RawReader(cluster, { clock, random })
  try {
    const metadata = await cluster.metadata(topics, signal)
    const read = metadata.topics.map(async ({ name: topic, topicId, partitions }) => {
      const refs = partitions.map(({ partition }) => ({ topic, topicId, partition }))
      const logs = await Promise.all(refs.map((ref) => readPartition(cluster, reader, ref, signal)))
      return [topic, logs.flat()] as const
    })
    return new Map(await Promise.all(read))
  } finally {
    await reader[Symbol.asyncDispose]()
    await cluster.close()
  }
}

/** Until readers of committed records see to the end of every partition: what is behind an open transaction is hidden. */
export async function untilNoTransactionIsOpen(
  options: Omit<ClusterOptions, 'context'>,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const cluster = openCluster({ ...options, context: { clock, random } })
  try {
    const metadata = await cluster.metadata(topics, signal)
    const partitions = metadata.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partition }) => ({ topic, partition, timestamp: -1 })),
    )
    const look = async () => {
      const visible = await cluster.listOffsets({ isolation: 'read_committed', partitions }, signal)
      const written = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
      return visible.every(({ offset }, at) => offset === written[at]?.offset) ? true : undefined
    }
    await eventually('every transaction has ended', look, { limitMs: 75_000, signal })
  } finally {
    await cluster.close()
  }
}

async function readPartition(
  cluster: Cluster,
  reader: RawReader,
  ref: PartitionRef,
  signal: AbortSignal,
): Promise<CommittedRecord[]> {
  const { topic, partition } = ref
  const [at, end] = await Promise.all(
    [-2, -1].map(async (timestamp) => {
      const query = { isolation: 'read_uncommitted' as const, partitions: [{ topic, partition, timestamp }] }
      return (await cluster.listOffsets(query, signal))[0]?.offset ?? 0
    }),
  )
  const log = new CommittedLog(partition)
  for (let next = at ?? 0; next < (end ?? 0); ) {
    const { records } = await reader.read(ref, { offset: next, maxBytes: READ_BYTES }, signal)
    const from = next
    for (let position = 0; ; ) {
      const header = readBatch(records, position)
      if (header === undefined) break
      position += header.sizeBytes
      next = header.baseOffset + header.lastOffsetDelta + 1
      log.take(records, header)
    }
    if (next === from) throw new Error(`${topic}-${partition} gave nothing at offset ${next} of ${end}`)
  }
  return log.records()
}

/** Holds back what a producer writes in a transaction until its marker comes. */
class CommittedLog {
  readonly #partition: number
  readonly #committed: CommittedRecord[] = []
  readonly #open = new Map<bigint, CommittedRecord[]>()

  constructor(partition: number) {
    this.#partition = partition
  }

  take(bytes: Buffer, header: BatchHeader): void {
    const { producerId } = header
    if (isControl(header)) {
      if (readControlType(bytes, header) === 'commit') this.#committed.push(...(this.#open.get(producerId) ?? []))
      this.#open.delete(producerId)
      return
    }
    const records = decodeRecords(bytes, header).map((record) => describe(record, this.#partition))
    if (!isTransactional(header)) this.#committed.push(...records)
    else this.#open.set(producerId, [...(this.#open.get(producerId) ?? []), ...records])
  }

  records(): CommittedRecord[] {
    return this.#committed.sort((one, other) => one.offset - other.offset)
  }
}

function describe({ offset, timestamp, key, value, headers }: DecodedRecord, partition: number): CommittedRecord {
  const texts = headers.map(([name, content]) => [name.toString(), content?.toString('base64') ?? null])
  const content = JSON.stringify([timestamp, key?.toString() ?? null, value?.toString('base64') ?? null, texts])
  return { partition, offset, content }
}
