/**
 * What a partition of a region holds that the active one lacks, once it comes back from having been lost: whatever stands
 * behind the fork, and what below it no copy has. Nothing is changed.
 *
 * Keys are compared with what was written on the active region since: those are in conflict, and replaying the older
 * value over the newer one is rarely what is wanted. A transaction in the midst of which the fork lies was copied in
 * part, as far as its records have been copied at all.
 *
 * Bounded: keys are remembered up to a limit, beyond which the report says that it does not compare all of them. A scan
 * goes on where it stopped, so that none of the calls that carry it out has to last.
 */
import { createHash, type Hash } from 'node:crypto'
import { type BatchHeader, type DecodedRecord, isControl, isTransactional, readBatches } from '../../kafka/index.ts'
import type { OffsetRange } from '../verification/committed-log.ts'
import { digestRecord } from './digest-records.ts'
import type { ForkedPartition } from './forked-partitions.ts'
import { countOlder, type OlderRecords } from './older-records.ts'
import { type LogSight, readOn, type Reading } from './read-on.ts'

export interface DivergenceScan {
  readonly log: LogSight
  readonly forked: ForkedPartition
  /** Ranges below the fork of which the active region has no record. */
  readonly untied: readonly OffsetRange[]
  /** Whether the topic keeps only the latest record of each key. */
  readonly isCompacted: boolean
  /** It would be copied again although nothing of it has diverged, since its topic would be. */
  readonly isDestroyed: boolean
  /** The active region's partition, from where it went on by itself; undefined: keys are not compared. */
  readonly active: (LogSight & { readonly range: OffsetRange }) | undefined
}

export interface Divergence {
  readonly topic: string
  readonly partition: number
  /** Offsets `[from, to)`, markers and aborted records included. */
  readonly from: number
  readonly to: number
  /** Committed records of applications. */
  readonly records: number
  readonly bytes: number
  /** Of the records' timestamps; null where there are none. */
  readonly firstTimestampMs: number | null
  readonly lastTimestampMs: number | null
  /** Offset of the first record, null where there is none. */
  readonly firstOffset: number | null
  /** The first few different keys, as text; null for records without one. */
  readonly sampleKeys: readonly (string | null)[]
  /** Different keys that were written on the active region as well. */
  readonly keysInConflict: number
  /** Whether every key could be compared. */
  readonly areAllKeysCompared: boolean
  /** Producers of transactional records among them: their transactions may be on the active region in part. */
  readonly transactionalProducers: readonly string[]
  /** Those of them in the midst of whose transaction the fork lies: what stands before it was copied. */
  readonly cutTransactions: readonly string[]
  /** Records below the fork that the active region lacks; see older-records.ts for compacted topics. */
  readonly onlyHere: number
  /** SHA-256 over keys and values of the records in their order: what an export has to come to. */
  readonly digest: string
}

const SAMPLE_KEYS = 10
const KEYS_MAX = 200_000
const PRODUCERS_MAX = 20
const KEY_TEXT_MAX = 200
/** How far before the fork a transaction is looked for that it lies in. */
const BEFORE_FORK = 1_000
const BEFORE_FORK_BYTES = 1024 * 1024

export class PartitionScan {
  readonly #scan: DivergenceScan
  readonly #tail: Reading
  readonly #older: OlderRecords
  readonly #below: readonly Reading[]
  readonly #there: Reading | undefined
  readonly #digest: Hash = createHash('sha256')
  readonly #sample: (string | null)[] = []
  readonly #keys = new Set<string>()
  readonly #conflicts = new Set<string>()
  readonly #producers = new Set<string>()
  #cut: readonly string[] | undefined
  #isOverfull = false
  #records = 0
  #bytes = 0
  #firstTimestampMs: number | null = null
  #lastTimestampMs: number | null = null
  #firstOffset: number | null = null

  constructor(scan: DivergenceScan) {
    this.#scan = scan
    const { fork, end } = scan.forked
    this.#tail = { at: fork, to: end }
    this.#older = countOlder(scan.untied, { fork, isCompacted: scan.isCompacted })
    this.#below = this.#older.ranges.map(({ from, to }) => ({ at: from, to }))
    this.#there = scan.active && { at: scan.active.range.from, to: scan.active.range.to }
  }

  /** Reads on until `untilMs` on the monotonic clock, at most; true once everything is seen. */
  async advance(untilMs: number, signal: AbortSignal): Promise<boolean> {
    const { log, active } = this.#scan
    if (!(await readOn(log, this.#tail, untilMs, (record, header) => this.#note(record, header), signal))) return false
    if (this.#records === 0 && !this.#scan.isDestroyed) return true
    this.#cut ??= await this.#findCut(signal)
    for (const reading of this.#below) {
      if (!(await readOn(log, reading, untilMs, (record) => this.#older.take(record), signal))) return false
    }
    if (active === undefined || this.#there === undefined || this.#keys.size === 0) return true
    return await readOn(active, this.#there, untilMs, (record) => this.#compare(record), signal)
  }

  get divergence(): Divergence {
    const { forked, active } = this.#scan
    return {
      topic: forked.topic,
      partition: forked.partition,
      from: forked.fork,
      to: Math.max(forked.fork, forked.end),
      records: this.#records,
      bytes: this.#bytes,
      firstTimestampMs: this.#firstTimestampMs,
      lastTimestampMs: this.#lastTimestampMs,
      firstOffset: this.#firstOffset,
      sampleKeys: this.#sample,
      keysInConflict: this.#conflicts.size,
      areAllKeysCompared: active !== undefined && !this.#isOverfull,
      transactionalProducers: [...this.#producers],
      cutTransactions: this.#cut ?? [],
      onlyHere: this.#older.count,
      digest: this.#digest.copy().digest('hex'),
    }
  }

  #note(record: DecodedRecord, header: BatchHeader): void {
    const { offset, timestamp, key, value } = record
    this.#records++
    this.#bytes += (key?.length ?? 0) + (value?.length ?? 0)
    this.#firstOffset ??= offset
    this.#firstTimestampMs = Math.min(this.#firstTimestampMs ?? timestamp, timestamp)
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs ?? timestamp, timestamp)
    digestRecord(this.#digest, record)
    if (isTransactional(header) && this.#producers.size < PRODUCERS_MAX) this.#producers.add(nameOf(header))
    const text = key === null ? null : key.toString('utf8').slice(0, KEY_TEXT_MAX)
    if (this.#sample.length < SAMPLE_KEYS && !this.#sample.includes(text)) this.#sample.push(text)
    if (key === null) return
    if (this.#keys.size < KEYS_MAX) this.#keys.add(key.toString('latin1'))
    else this.#isOverfull ||= !this.#keys.has(key.toString('latin1'))
  }

  #compare({ key }: DecodedRecord): void {
    const text = key?.toString('latin1')
    if (text !== undefined && this.#keys.has(text)) this.#conflicts.add(text)
  }

  /** Producers whose last batch before the fork is data of a transaction that goes on behind it. */
  async #findCut(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#producers.size === 0) return []
    const { log, forked } = this.#scan
    const open = new Set<string>()
    for (let at = Math.max(forked.logStart, forked.fork - BEFORE_FORK); at < forked.fork; ) {
      const { records } = await log.reader.read(log.ref, { offset: at, maxBytes: BEFORE_FORK_BYTES }, signal)
      const before = at
      for (const header of readBatches(records)) {
        if (header.baseOffset >= forked.fork) break
        at = Math.max(at, header.baseOffset + header.lastOffsetDelta + 1)
        if (isControl(header)) open.delete(nameOf(header))
        else if (isTransactional(header)) open.add(nameOf(header))
      }
      if (at === before) break
    }
    return [...this.#producers].filter((producer) => open.has(producer))
  }
}

function nameOf({ producerId, producerEpoch }: BatchHeader): string {
  return `${producerId} epoch ${producerEpoch}`
}
