import {
  decodeRecords,
  encodeBatch,
  type FetchRequest,
  type ProbeChannel,
  type ProduceRequest,
  readBatch,
} from '../../../src/kafka/index.ts'
import { kafkaFaults } from '../../../src/kafka/faults.ts'
import { HEALTH_TOPIC } from '../../../src/regions/canary.ts'
import type { ProbedCluster } from '../../../src/regions/region-probe.ts'

interface StoredRecord {
  readonly value: Buffer
  readonly stampMs: number
}

/**
 * A region of brokers in memory, which behave as the fields say at the time of each call. It keeps canaries and gives
 * them back, and stamps them with a clock of its own.
 */
export class ScriptedRegion implements ProbedCluster {
  readonly brokers = new Map<number, 'up' | 'dead' | 'hung' | 'hangs-up' | 'locked' | 'defect' | 'nonsense'>()
  /** Undefined: the topic of the canaries is missing. By partition its leader, -1 for none. */
  leaders: number[] | undefined
  /** Answered to Produce. */
  produceCode = 0
  createCode = 0
  quorum: 'led' | 'lost' | 'zookeeper' | 'forbidden' = 'led'
  nowMs = () => 0
  /** What metadata says of all topics. */
  topics: Awaited<ReturnType<ProbeChannel['metadata']>>['topics'] = []
  readonly logs = new Map<number, StoredRecord[]>()
  readonly opened: string[] = []
  open = 0
  created = 0

  constructor(brokers: number) {
    for (let nodeId = 1; nodeId <= brokers; nodeId++) this.brokers.set(nodeId, 'up')
    this.leaders = [...this.brokers.keys()]
  }

  get bootstrap(): string[] {
    return [...this.brokers.keys()].map((nodeId) => `b${nodeId}:9092`)
  }

  async openProbe(address: string, signal: AbortSignal): Promise<ProbeChannel> {
    this.opened.push(address)
    const state = this.brokers.get(Number(/\d+/.exec(address)?.[0]))
    const facts = { cluster: 'eu', address, reason: 'connect ECONNREFUSED', remedy: '' }
    if (state === undefined || state === 'dead') throw kafkaFaults.fault('KAFKA_UNREACHABLE', facts)
    if (state === 'locked')
      throw kafkaFaults.fault('KAFKA_AUTHENTICATION_FAILED', { ...facts, reason: 'wrong password' })
    if (state === 'hangs-up') throw kafkaFaults.fault('KAFKA_TLS_FAILED', { ...facts, hungUp: true })
    if (state === 'hung') return hang(signal)
    if (state === 'defect') throw new TypeError('a defect of this program')
    this.open++
    return {
      address,
      certificateEndsMs: undefined,
      versions: new Map(),
      metadata: (topics) => Promise.resolve(state === 'nonsense' ? ({} as never) : this.#metadata(topics)),
      topicSettings: (topics) => {
        const entry = {
          name: 'min.insync.replicas',
          value: '2',
          source: 'topic' as const,
          isReadOnly: false,
          isSensitive: false,
        }
        return Promise.resolve(topics.map((topic) => ({ topic, errorCode: 0, entries: [entry] })))
      },
      describeQuorum: () => this.#describeQuorum(signal),
      produce: (request) => Promise.resolve(this.#produce(request)),
      fetch: (request) => Promise.resolve(this.#fetch(request)),
      close: () => void this.open--,
    }
  }

  createTopics: ProbedCluster['createTopics'] = ([topic]) => {
    this.created++
    if (this.createCode === 0) this.leaders = [...this.brokers.keys()]
    return Promise.resolve([{ topic: topic?.topic ?? '', errorCode: this.createCode, message: null }])
  }

  #metadata(topics: 'all' | readonly string[]): Awaited<ReturnType<ProbeChannel['metadata']>> {
    const brokers = [...this.brokers].flatMap(([nodeId, state]) => {
      return state === 'dead' ? [] : [{ nodeId, host: `b${nodeId}`, port: 9092, rack: null }]
    })
    const about = { name: HEALTH_TOPIC, topicId: 'health', isInternal: false }
    const health = {
      ...about,
      errorCode: this.leaders === undefined ? 3 : 0,
      partitions: (this.leaders ?? []).map((leaderId, partition) => {
        return { partition, errorCode: 0, leaderId, leaderEpoch: 1, replicas: [1], isr: [1] }
      }),
    }
    return { clusterId: 'c', controllerId: 1, brokers, topics: topics === 'all' ? this.topics : [health] }
  }

  #describeQuorum(signal: AbortSignal): ReturnType<ProbeChannel['describeQuorum']> {
    const facts = { cluster: 'eu', address: 'b1:9092', api: 'DescribeQuorum', min: 1, max: 2, name: 'x', code: 31 }
    if (this.quorum === 'lost') return hang(signal)
    if (this.quorum === 'zookeeper') return Promise.reject(kafkaFaults.fault('KAFKA_VERSION_UNSUPPORTED', facts))
    if (this.quorum === 'forbidden') return Promise.reject(kafkaFaults.fault('KAFKA_NOT_AUTHORIZED', facts))
    const lastFetchMs = this.nowMs()
    const voters = [{ nodeId: 1, logEndOffset: 1, lastFetchMs, lastCaughtUpMs: lastFetchMs }]
    return Promise.resolve({ leaderId: 1, leaderEpoch: 1, voters, observers: [] })
  }

  #produce({ batches }: ProduceRequest) {
    const [sent] = batches
    const partition = sent?.partition ?? 0
    const log = this.logs.get(partition) ?? []
    this.logs.set(partition, log)
    const stampMs = this.nowMs()
    const baseOffset = this.produceCode === 0 ? log.length : -1
    if (this.produceCode === 0) log.push({ value: valueIn(sent?.batch ?? Buffer.alloc(0)), stampMs })
    const where = { topic: HEALTH_TOPIC, partition, errorCode: this.produceCode, baseOffset, logStartOffset: 0 }
    const answer = {
      ...where,
      logAppendTimeMs: stampMs,
      recordErrors: [],
      errorMessage: null,
      currentLeader: undefined,
    }
    return { throttleMs: 0, partitions: [answer] }
  }

  #fetch({ partitions }: FetchRequest) {
    const { topicId = '', partition = 0, fetchOffset = 0 } = partitions[0] ?? {}
    const found = this.logs.get(partition)?.[fetchOffset]
    const fetched = {
      topicId,
      partition,
      errorCode: 0,
      highWatermark: 0,
      lastStableOffset: 0,
      logStartOffset: 0,
      aborted: [],
      currentLeader: undefined,
      divergingEpoch: undefined,
      preferredReadReplica: -1,
      records: found === undefined ? Buffer.alloc(0) : stored(found, fetchOffset),
    }
    return { errorCode: 0, throttleMs: 0, sessionId: 0, partitions: [fetched] }
  }
}

/** Writes as another vantage point does. */
export function appendReport(region: ScriptedRegion, partition: number, value: Buffer, stampMs: number): void {
  const log = region.logs.get(partition) ?? []
  region.logs.set(partition, log)
  log.push({ value, stampMs })
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function valueIn(batch: Buffer): Buffer {
  const header = readBatch(batch, 0)
  const [record] = header === undefined ? [] : decodeRecords(batch, header)
  return record?.value ?? Buffer.alloc(0)
}

function stored({ value, stampMs }: StoredRecord, offset: number): Buffer {
  const records = [{ timestamp: stampMs, key: null, value }]
  const batch = encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  batch.writeBigInt64BE(BigInt(offset), 0)
  return batch
}
