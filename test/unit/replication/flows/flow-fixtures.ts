import { type Clock, createEvents, linkName, seededRandom, type Timer } from '../../../../src/core/index.ts'
import type { FetchedPartition, ProducedPartition, ProducerIdentity } from '../../../../src/kafka/index.ts'
import type { QueuedBatch } from '../../../../src/replication/flows/outgoing-queue.ts'
import type { PositionContext } from '../../../../src/replication/flows/position-context.ts'
import type { RawReader } from '../../../../src/replication/flows/raw-reader.ts'
import { IncidentLog } from '../../../../src/replication/incidents/incident-log.ts'
import { type FlowEntry, keyOf, MapMemory, ShardMap } from '../../../../src/replication/offset-map/index.ts'
import { resolvePolicies } from '../../../../src/replication/policies.ts'
import { Tenure } from '../../../../src/replication/shards/tenure.ts'
import type { TargetLog } from '../../../../src/replication/shards/target-log.ts'
import { type ModelBatch, modelEncode } from '../../kafka/records/model.ts'

/** What the batches of the model carry. */
export const LEADER_EPOCH = 7
export const random = seededRandom(1)
export const neverAborted = new AbortController().signal
export const IDENTITY: ProducerIdentity = { producerId: 7n, producerEpoch: 3 }
export const KEY = { source: 'eu', topic: 'orders', targetTopic: 'orders', partition: 0 }
export const SPEC = { key: KEY, sourceTopicId: uuid(1), targetTopicId: uuid(2), sourceClusterId: 'eu-cluster' }

export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

/** What a flow that finds its position asks for besides logs: a link without policies, nothing lost so far, nobody listens. */
export function plainPositionContext(
  clock: Clock,
): Omit<PositionContext, 'source' | 'target' | 'sourceReader' | 'targetReader'> {
  return {
    firstStart: 'earliest',
    policies: resolvePolicies(),
    former: undefined,
    wasReseeded: async () => false,
    incidents: new IncidentLog({ link: linkName('link'), clock, events: createEvents() }),
    nowMs: () => clock.nowMs(),
    onGap: () => undefined,
    onSeamSkipped: () => undefined,
  }
}

/** Time stands still until `pass`; due timers run in order. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly action: () => void }[] = []

  nowMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  get pendingTimers(): number {
    return this.#timers.length
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, action }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((one) => one !== timer)) }
  }

  /** Time passes and nothing is done in it, as in a process that is frozen. */
  jump(ms: number): void {
    this.#nowMs += ms
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await settle()
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.action()
    }
    this.#nowMs = endMs
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A map partition in memory; answers as told, in order, and then with success. */
export class LogInMemory {
  readonly appended: Buffer[] = []
  readonly answers: ({ readonly kind: 'unknown' } | { readonly kind: 'answered'; readonly errorCode: number })[] = []
  #next = 0
  #hold: PromiseWithResolvers<void> | undefined

  /** Something else is in the partition already. */
  skipTo(offset: number): void {
    this.#next = Math.max(this.#next, offset)
  }

  /** Nothing is answered until the function that this returns is called. */
  hold(): () => void {
    const hold = Promise.withResolvers<void>()
    this.#hold = hold
    return () => {
      this.#hold = undefined
      hold.resolve()
    }
  }

  get log(): TargetLog {
    const stub: Pick<TargetLog, 'append' | 'refresh'> = {
      append: async ({ batch }, _timeoutMs, signal) => {
        await this.#hold?.promise
        signal.throwIfAborted()
        this.appended.push(batch)
        const told = this.answers.shift()
        if (told?.kind === 'unknown') return { kind: 'unknown', reason: 'cut' }
        if (told !== undefined) return { ...told, baseOffset: -1, message: null }
        const baseOffset = this.#next
        this.#next += batch.readInt32BE(57)
        return { kind: 'answered', errorCode: 0, baseOffset, message: null }
      },
      refresh: async () => undefined,
    }
    return stub as TargetLog
  }
}

export function makeMap(): ShardMap {
  const loader = { load: () => Promise.reject(new Error('nothing is ever evicted here')) }
  return new ShardMap({ memory: new MapMemory({ limitBytes: 1 << 20 }), loader })
}

export function makeTenure(
  clock: Clock,
  log: LogInMemory,
  more: Partial<ConstructorParameters<typeof Tenure>[1]> = {},
): Tenure {
  const takeover = {
    identity: IDENTITY,
    transactionalId: '__isthmus.shard-0',
    map: makeMap(),
    fenced: 'first' as const,
    unfenced: [],
    fenceLate: () => Promise.resolve(),
    fenceAll: () => Promise.resolve([]),
    ...more,
  }
  return new Tenure(0, takeover, { log: log.log, mapTopicId: uuid(9), clock, random })
}

export function flowEntry(entry: Partial<FlowEntry> & Pick<FlowEntry, 'segments'>): FlowEntry {
  const { key: flow, ...ids } = SPEC
  const facts = { epochStart: 0, sourceLeaderEpoch: 1, atMs: 0, ...ids, ...IDENTITY }
  const made = { kind: 'flow' as const, flow, ...facts, ...entry }
  keyOf(made)
  return made
}

/** One application batch without holes: `count` records from `baseOffset` on. */
export function plainBatch(baseOffset: number, count: number, more: Partial<ModelBatch> = {}): Buffer {
  return modelEncode(plainModel(baseOffset, count, more))
}

export function plainModel(baseOffset: number, count: number, more: Partial<ModelBatch> = {}): ModelBatch {
  return {
    baseOffset,
    lastOffset: baseOffset + count - 1,
    codec: 'none',
    isLogAppendTime: false,
    isTransactional: false,
    hasDeleteHorizon: false,
    baseTimestamp: 1_700_000_000_000n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    records: Array.from({ length: count }, (_, index) => ({
      offset: baseOffset + index,
      timestamp: 1_700_000_000_000n + BigInt(baseOffset + index),
      attributes: 0,
      key: null,
      value: Buffer.from(`value of ${baseOffset + index}`),
      headers: [],
    })),
    ...more,
  }
}

/** End of a transaction: a control batch of one record. */
export function markerBatch(offset: number, producerId: bigint, type: 'abort' | 'commit', producerEpoch = 0): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1])
  const record = { offset, timestamp: 0n, attributes: 0, key, value: Buffer.alloc(6), headers: [] }
  const batch = modelEncode(
    plainModel(offset, 1, { producerId, producerEpoch, isTransactional: true, records: [record] }),
  )
  return withBits(batch, CONTROL)
}

const CONTROL = 0x20

function withBits(batch: Buffer, bits: number): Buffer {
  batch.writeInt16BE(batch.readInt16BE(21) | bits, 21)
  return batch
}

export function fetched(records: Buffer | readonly Buffer[], more: Partial<FetchedPartition> = {}): FetchedPartition {
  const bytes = Buffer.isBuffer(records) ? records : Buffer.concat(records)
  return {
    topicId: SPEC.sourceTopicId,
    partition: 0,
    errorCode: 0,
    highWatermark: 1_000_000,
    lastStableOffset: 1_000_000,
    logStartOffset: 0,
    aborted: [],
    currentLeader: undefined,
    divergingEpoch: undefined,
    preferredReadReplica: -1,
    records: bytes,
    ...more,
  }
}

export function answer(baseOffset: number, errorCode = 0): ProducedPartition {
  return {
    topic: 'orders',
    partition: 0,
    errorCode,
    baseOffset,
    logAppendTimeMs: -1,
    logStartOffset: 0,
    recordErrors: [],
    errorMessage: null,
    currentLeader: undefined,
  }
}

/** One record of the source at the same offset of the target. */
export function queuedBatch(targetBase: number, bytes = 10): QueuedBatch {
  const place = { targetBase, sourceBase: targetBase, sourceEnd: targetBase + 1, recordCount: 1 }
  return { ...place, bytes: Buffer.alloc(bytes), sourceBatches: 1, fate: 'passed', gate: { isOpen: true } }
}

export interface LoggedBatch {
  readonly base: number
  readonly end: number
  readonly bytes: Buffer
}

/** Reads a log of batches, beginning with the one that holds the offset. */
export function readerOf(batches: readonly LoggedBatch[]): RawReader {
  const stub: Pick<RawReader, 'read'> = {
    read: async (_ref, { offset, maxBytes }) => {
      const rest = batches.filter(({ end }) => end > offset)
      return fetched((maxBytes === 1 ? rest.slice(0, 1) : rest).map(({ bytes }) => Buffer.from(bytes)))
    },
  }
  return stub as RawReader
}

/** A target log in the making, and where the next batch and the next sequence of `IDENTITY` stand. */
export class TargetLogInMemory {
  readonly batches: LoggedBatch[] = []
  producer = IDENTITY
  end = 0
  sequence = 0

  /** Records of the source from an offset on: their contents tell the offset. */
  send(count: number, sourceBase = this.end): void {
    const { records } = plainModel(sourceBase, count)
    const moved = records.map((record, index) => ({ ...record, offset: this.end + index }))
    this.#append(count, plainBatch(this.end, count, { ...this.producer, baseSequence: this.sequence, records: moved }))
    this.sequence += count
  }

  foreign(count: number): void {
    this.#append(count, plainBatch(this.end, count))
  }

  marker(producerId = this.producer.producerId): void {
    this.#append(1, markerBatch(this.end, producerId, 'abort', this.producer.producerEpoch))
  }

  #append(count: number, bytes: Buffer): void {
    this.batches.push({ base: this.end, end: this.end + count, bytes })
    this.end += count
  }
}
