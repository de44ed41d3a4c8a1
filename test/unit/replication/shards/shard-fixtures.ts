import { type Cluster, encodeBatch, type ProducerIdentity, type TopicPartition } from '../../../../src/kafka/index.ts'
import type { RawReader } from '../../../../src/replication/flows/raw-reader.ts'
import { encodeEntry, keyOf, type MapEntry, MapMemory } from '../../../../src/replication/offset-map/index.ts'
import type { TakeoverContext } from '../../../../src/replication/shards/takeover.ts'
import { fetched, flowEntry, KEY, type ManualClock, random, SPEC, uuid } from '../flows/flow-fixtures.ts'

export const ALL_IN_SYNC = { leaderId: 1, isr: [1, 2, 3], replicas: [1, 2, 3] }

interface HeldTopic {
  topicId: string
  errorCode: number
  partitions: { leaderId: number; isr: number[]; replicas: number[] }[]
}

/**
 * The target's side of a takeover in memory: a coordinator, leaders and one partition of the map topic. It writes down
 * every call in order, `map` for the map partition.
 */
export class TargetInMemory {
  readonly calls: string[] = []
  readonly entries: MapEntry[] = []
  readonly topics = new Map<string, HeldTopic>([
    ['orders', { topicId: SPEC.targetTopicId, errorCode: 0, partitions: [ALL_IN_SYNC, ALL_IN_SYNC] }],
  ])
  identity: ProducerIdentity = { producerId: 7n, producerEpoch: 4 }
  minInSync = '2'
  markerCode = 0
  /** States that the coordinator answers with, one a call, before the last one stays. */
  states = ['CompleteAbort']
  /** Entries from here on are in a format of a later version. */
  laterFormatFrom = Number.POSITIVE_INFINITY
  /** Called before a call is answered. */
  meanwhile: (call: string) => void = () => undefined

  get cluster(): Cluster {
    const names = (partitions: readonly TopicPartition[]) =>
      partitions.map(({ topic, partition }) => (topic.startsWith('__') ? 'map' : `${topic}-${partition}`)).join(' ')
    const outcomes = (partitions: readonly TopicPartition[], errorCode: number) =>
      partitions.map(({ topic, partition }) => ({ topic, partition, errorCode }))
    const stub: Partial<Cluster> = {
      name: 'eu',
      initProducerId: async () => this.#answer('init', { ...this.identity }),
      listOffsets: async ({ partitions }) =>
        partitions.map(({ topic, partition, timestamp }) => {
          const offset = timestamp === -2 ? 0 : this.entries.length
          return { topic, partition, errorCode: 0, offset, timestamp: -1, leaderEpoch: 0 }
        }),
      addPartitionsToTxn: async (txn, partitions) =>
        this.#answer(`add ${names(partitions)} by ${txn.producerId}/${txn.producerEpoch}`, outcomes(partitions, 0)),
      endTxn: async (_txn, outcome) => this.#answer(outcome, undefined),
      describeTransaction: async () => {
        const state = this.states.length > 1 ? this.states.shift() : this.states[0]
        const facts = { partitions: [], startTimeMs: 0, timeoutMs: 60_000 }
        return this.#answer(`state ${state}`, { ...this.identity, state: state ?? '', ...facts })
      },
      describeProducers: async (partitions) => {
        const seen = { producerId: 5n, producerEpoch: 11, lastSequence: 0, lastTimestamp: 0, currentTxnStartOffset: -1 }
        return partitions.map((one) => ({ ...one, errorCode: 0, producers: [{ ...seen, coordinatorEpoch: 6 }] }))
      },
      writeTxnMarkers: async ({ producerId, producerEpoch, coordinatorEpoch }, partitions) =>
        this.#answer(
          `markers ${names(partitions)} for ${producerId}/${producerEpoch} at ${coordinatorEpoch}`,
          outcomes(partitions, this.markerCode),
        ),
      metadata: async () =>
        this.#answer('metadata', { clusterId: 'eu', controllerId: 1, brokers: [], topics: this.#topics() }),
      describeTopicConfigs: async (topics) =>
        topics.map((topic) => {
          const source = 'topic' as const
          const entry = {
            name: 'min.insync.replicas',
            value: this.minInSync,
            source,
            isReadOnly: false,
            isSensitive: false,
          }
          return { topic, errorCode: 0, entries: [entry] }
        }),
    }
    return stub as Cluster
  }

  get reader(): RawReader {
    const stub: Pick<RawReader, 'read'> = {
      read: async (_ref, { offset }) => {
        const end = this.entries.length
        this.#answer(`read map to ${end}`, undefined)
        const batches = this.entries.slice(offset, end).map((entry, at) => {
          const { key, value } = encodeEntry(entry)
          if (value !== null && offset + at >= this.laterFormatFrom) value[0] = 2
          const { producerId, producerEpoch } = keyOf(entry)
          const identity = { producerId, producerEpoch, baseSequence: 0 }
          const batch = encodeBatch({ records: [{ timestamp: 0, key, value }], codec: 'none', ...identity })
          batch.writeBigInt64BE(BigInt(offset + at), 0)
          return batch
        })
        return fetched(batches)
      },
    }
    return stub as RawReader
  }

  context(clock: ManualClock, acknowledgeUnfenced = false): TakeoverContext {
    const { cluster, reader } = this
    const mapTopic = () => ({ topicId: uuid(9), shards: 1 })
    const memory = new MapMemory({ limitBytes: 1 << 20 })
    return { cluster, reader, mapTopic, memory, clock, random, acknowledgeUnfenced }
  }

  /** An older owner, and one flow that it wrote per partition. */
  own(producer: ProducerIdentity, partitions = [0]): void {
    const facts = { transactionalId: '__isthmus.shard-0', processId: 'old', atMs: 0 }
    this.entries.push({ kind: 'owner', ...producer, ...facts })
    for (const partition of partitions) {
      const flow = { ...KEY, partition }
      this.entries.push(flowEntry({ flow, ...producer, segments: [{ source: 0, target: 0, causes: 1 }] }))
    }
  }

  handOver(producer: ProducerIdentity): void {
    this.entries.push({ kind: 'hand-over', ...producer, atMs: 0 })
  }

  #topics() {
    return [...this.topics].map(([name, { topicId, errorCode, partitions }]) => ({
      name,
      topicId,
      errorCode,
      isInternal: false,
      partitions: partitions.map((one, partition) => ({ ...one, partition, errorCode: 0, leaderEpoch: 0 })),
    }))
  }

  #answer<Answer>(call: string, answer: Answer): Answer {
    this.calls.push(call)
    this.meanwhile(call)
    return answer
  }
}
