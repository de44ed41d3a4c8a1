/**
 * Writes records and where they came from in transactions of one producer, so that whoever goes on after a crash knows
 * exactly what was written. Opening it ends what its predecessor has left open and fences it.
 *
 * One that failed is not used again: what became of its last transaction is found out by opening the next.
 */
import { type Clock, pause } from '../../core/index.ts'
import {
  type Cluster,
  type Codec,
  encodeBatch,
  errorName,
  isRetriableCode,
  type NewRecord,
  type TransactionHandle,
} from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { PartitionRef } from '../flows/raw-reader.ts'
import type { TargetLog } from '../shards/target-log.ts'
import { textOf } from './partition-text.ts'

export interface LateRecords {
  readonly ref: PartitionRef
  readonly records: readonly NewRecord[]
  readonly codec: Codec
}

export interface WriterContext {
  readonly cluster: Cluster
  readonly log: TargetLog
  readonly clock: Clock
}

/** A controller that died holds the last stable offset of what it wrote to for as long, unless another one goes on. */
const TRANSACTION_TIMEOUT_MS = 30_000
const PRODUCE_TIMEOUT_MS = 10_000
const BATCH_BYTES = 512 * 1024
const POLL_MS = 10
const POLLS_MAX = 1_000
const APPENDS_MAX = 20
const AGAIN_MS = 100
const DUPLICATE_SEQUENCE = 46

export class TransactionalWriter {
  readonly #context: WriterContext
  readonly #txn: TransactionHandle
  readonly #sequences = new Map<string, number>()

  private constructor(context: WriterContext, txn: TransactionHandle) {
    this.#context = context
    this.#txn = txn
  }

  static async open(
    context: WriterContext,
    transactionalId: string,
    signal: AbortSignal,
  ): Promise<TransactionalWriter> {
    const identity = await context.cluster.initProducerId(transactionalId, TRANSACTION_TIMEOUT_MS, signal)
    return new TransactionalWriter(context, { transactionalId, ...identity })
  }

  /**
   * All of it or nothing; to be read by others when it resolves. Faults: LATE_RECORDS_REFUSED, KAFKA_PRODUCER_FENCED
   * where another one was opened, TARGET_NOT_READY.
   */
  async commit(all: readonly LateRecords[], signal: AbortSignal): Promise<void> {
    const { cluster } = this.#context
    const partitions = all.map(({ ref: { topic, partition } }) => ({ topic, partition }))
    const added = await cluster.addPartitionsToTxn(this.#txn, partitions, signal)
    const refused = added.find(({ errorCode }) => errorCode !== 0)
    if (refused !== undefined) throw this.#fault(refused, refused.errorCode, '')
    try {
      for (const one of all) await this.#append(one, signal)
    } catch (error) {
      // Else readers of the partitions would wait for the transaction to time out.
      await cluster.endTxn(this.#txn, 'abort', signal).catch(() => undefined)
      throw error
    }
    await cluster.endTxn(this.#txn, 'commit', signal)
    await this.#untilComplete(signal)
  }

  async #append({ ref, records, codec }: LateRecords, signal: AbortSignal): Promise<void> {
    for (const part of partsOf(records)) {
      const text = textOf(ref)
      const baseSequence = this.#sequences.get(text) ?? 0
      const { producerId, producerEpoch, transactionalId } = this.#txn
      const identity = { producerId, producerEpoch, baseSequence }
      const batch = encodeBatch({ ...identity, records: part, codec, isTransactional: true })
      await this.#appendBatch({ ...ref, batch }, transactionalId, signal)
      this.#sequences.set(text, baseSequence + part.length)
    }
  }

  async #appendBatch(
    place: PartitionRef & { readonly batch: Buffer },
    transactionalId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { log, clock, cluster } = this.#context
    let reason = ''
    for (let tries = 0; tries < APPENDS_MAX; tries++) {
      const outcome = await log.append(place, PRODUCE_TIMEOUT_MS, signal, transactionalId)
      if (outcome.kind === 'answered') {
        if (outcome.errorCode === 0 || outcome.errorCode === DUPLICATE_SEQUENCE) return
        if (!isRetriableCode(outcome.errorCode)) throw this.#fault(place, outcome.errorCode, outcome.message ?? '')
      }
      reason = outcome.kind === 'answered' ? errorName(outcome.errorCode) : outcome.reason
      await pause(clock, AGAIN_MS, signal)
      signal.throwIfAborted()
      await log.refresh(place.topic, signal)
    }
    throw replicationFaults.fault('TARGET_NOT_READY', { what: textOf(place), target: cluster.name, reason })
  }

  /** EndTxn answers before the markers are written. */
  async #untilComplete(signal: AbortSignal): Promise<void> {
    const { cluster, clock } = this.#context
    const { transactionalId } = this.#txn
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      const described = await cluster.describeTransaction(transactionalId, signal)
      if (described === undefined || described.state === 'CompleteCommit' || described.state === 'Empty') return
      await pause(clock, POLL_MS, signal)
      signal.throwIfAborted()
    }
    const reason = 'its markers are not written'
    throw replicationFaults.fault('TARGET_NOT_READY', { what: transactionalId, target: cluster.name, reason })
  }

  #fault({ topic, partition }: { topic: string; partition: number }, errorCode: number, detail: string): Error {
    const target = this.#context.cluster.name
    const error = `${errorName(errorCode)} ${detail}`.trimEnd()
    return isRetriableCode(errorCode)
      ? replicationFaults.fault('TARGET_NOT_READY', { what: `${topic}-${partition}`, target, reason: error })
      : replicationFaults.fault('LATE_RECORDS_REFUSED', { topic, partition, target, error })
  }
}

/** In order, so many that each part makes a batch of a bounded size; a record that is larger is alone. */
function partsOf(records: readonly NewRecord[]): NewRecord[][] {
  const parts: NewRecord[][] = []
  let bytes = BATCH_BYTES
  for (const record of records) {
    const more = sizeOf(record)
    if (bytes + more > BATCH_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(record)
    bytes += more
  }
  return parts
}

/** About what a record takes in a batch that is not compressed. */
export function sizeOf({ key, value, headers = [] }: NewRecord): number {
  const ofHeaders = headers.reduce(
    (sum, [name, content]) => sum + Buffer.byteLength(name) + (content?.length ?? 0) + 4,
    0,
  )
  return 20 + (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders
}
