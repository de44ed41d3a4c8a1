/**
 * One partition's log and what it knows of producers, by the rules of Kafka's ProducerStateManager:
 *  - a producer id that the partition does not know may begin with any sequence;
 *  - an older epoch than the one on record is refused with INVALID_PRODUCER_EPOCH;
 *  - a newer epoch has to begin at sequence 0, also where only a marker brought it;
 *  - one of the last five batches again is answered like the first time, and not appended;
 *  - any other sequence than the next one is refused with OUT_OF_ORDER_SEQUENCE_NUMBER.
 * A batch whose checksum is wrong is refused with CORRUPT_MESSAGE.
 *
 * It does not: keep records of transactions from committed readers, expire producers, compact.
 */
import { encodeBatch, isChecksumValid, readBatch } from '../../../src/kafka/index.ts'
import { ERRORS } from './errors.ts'

interface KnownProducer {
  epoch: number
  /** -1 where nothing but a marker was written in this epoch. */
  lastSequence: number
  /** The last five batches. */
  recent: { readonly first: number; readonly last: number; readonly base: number }[]
}

export interface Appended {
  readonly errorCode: number
  readonly baseOffset: number
}

interface HeldBatch {
  readonly base: number
  readonly end: number
  readonly maxTimestamp: number
  readonly bytes: Buffer
}

const RECENT_MOST = 5
const ELSEWHERE = 1_000
const TRANSACTIONAL_CONTROL = 0x30
const ATTRIBUTES_AT = 21
const PARTITION_LEADER_EPOCH_AT = 12

export class FakePartition {
  leaderEpoch = 0
  start = 0
  #end = 0
  readonly #batches: HeldBatch[] = []
  readonly #producers = new Map<bigint, KnownProducer>()
  readonly #waiting = new Set<() => void>()

  get end(): number {
    return this.#end
  }

  append(bytes: Buffer): Appended {
    const header = readBatch(bytes, 0)
    if (header === undefined || !isChecksumValid(bytes, header)) return refuse(ERRORS.CORRUPT_MESSAGE)
    const { producerId, producerEpoch, baseSequence, lastOffsetDelta } = header
    if (producerId < 0n) return this.#keep(bytes, lastOffsetDelta, header.maxTimestamp)
    const known = this.#producers.get(producerId)
    const last = wrap(baseSequence + lastOffsetDelta)
    if (known !== undefined) {
      if (producerEpoch < known.epoch) return refuse(ERRORS.INVALID_PRODUCER_EPOCH)
      const isSameEpoch = producerEpoch === known.epoch
      const again = known.recent.find(({ first, last: end }) => first === baseSequence && end === last)
      if (isSameEpoch && again !== undefined) return { errorCode: 0, baseOffset: again.base }
      if (baseSequence !== (isSameEpoch ? wrap(known.lastSequence + 1) : 0))
        return refuse(ERRORS.OUT_OF_ORDER_SEQUENCE_NUMBER)
    }
    const appended = this.#keep(bytes, lastOffsetDelta, header.maxTimestamp)
    const recent = known?.epoch === producerEpoch ? known.recent.slice(1 - RECENT_MOST) : []
    recent.push({ first: baseSequence, last, base: appended.baseOffset })
    this.#producers.set(producerId, { epoch: producerEpoch, lastSequence: last, recent })
    return appended
  }

  /** The end of a transaction; fences older epochs of the producer here. */
  appendMarker(producerId: bigint, producerEpoch: number, outcome: 'abort' | 'commit'): void {
    const key = Buffer.from([0, 0, 0, outcome === 'abort' ? 0 : 1])
    const records = [{ timestamp: Date.now(), key, value: Buffer.alloc(6) }]
    const bytes = encodeBatch({ records, codec: 'none', producerId, producerEpoch, baseSequence: -1 })
    bytes.writeInt16BE(TRANSACTIONAL_CONTROL, ATTRIBUTES_AT)
    this.#keep(bytes, 0, Date.now())
    const known = this.#producers.get(producerId)
    if (known === undefined || known.epoch < producerEpoch) {
      this.#producers.set(producerId, { epoch: producerEpoch, lastSequence: -1, recent: [] })
    }
  }

  /** As after a leader that lost part of its producers' state: every producer is expected to be elsewhere. */
  forgetSequences(): void {
    for (const producer of this.#producers.values()) {
      producer.lastSequence += ELSEWHERE
      producer.recent.length = 0
    }
  }

  /** As after compaction: so many offsets at the end have no record. */
  skip(offsets: number): void {
    this.#end += offsets
  }

  /** Whole batches from the one that holds the offset on; at least one, where there is one. */
  read(offset: number, maxBytes: number): Buffer {
    const found: Buffer[] = []
    let bytes = 0
    for (const batch of this.#batches) {
      if (batch.end <= offset) continue
      if (found.length > 0 && bytes + batch.bytes.length > maxBytes) break
      found.push(batch.bytes)
      bytes += batch.bytes.length
    }
    return Buffer.concat(found)
  }

  /** The first batch that has a record as new as this; the fake looks no deeper. */
  offsetAt(timestamp: number): number {
    return this.#batches.find(({ maxTimestamp }) => maxTimestamp >= timestamp)?.base ?? -1
  }

  /** The first batch with the largest timestamp; undefined where there is none. */
  newest(): { readonly offset: number; readonly timestamp: number } | undefined {
    const [first, ...rest] = this.#batches
    if (first === undefined) return undefined
    const { base, maxTimestamp } = rest.reduce((best, it) => (it.maxTimestamp > best.maxTimestamp ? it : best), first)
    return { offset: base, timestamp: maxTimestamp }
  }

  /** As a disk does it: one bit in the last batch is another one. */
  damage(): void {
    const bytes = this.#batches.at(-1)?.bytes
    if (bytes !== undefined) bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 0x01
  }

  /** Resolves with the next append. */
  untilAppended(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  #keep(bytes: Buffer, lastOffsetDelta: number, maxTimestamp: number): Appended {
    const base = this.#end
    const kept = Buffer.from(bytes)
    kept.writeBigInt64BE(BigInt(base), 0)
    kept.writeInt32BE(this.leaderEpoch, PARTITION_LEADER_EPOCH_AT)
    this.#end = base + lastOffsetDelta + 1
    this.#batches.push({ base, end: this.#end, maxTimestamp, bytes: kept })
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    return { errorCode: 0, baseOffset: base }
  }
}

/** Sequences go on at 0 behind the largest int32. */
function wrap(sequence: number): number {
  return sequence % 2 ** 31
}

function refuse(errorCode: number): Appended {
  return { errorCode, baseOffset: -1 }
}
