import {
  type DecodedRecord,
  decodeCurrent,
  lastOffset,
  nextRecord,
  openRecords,
  type RecordCursor,
  timestampOf,
} from '../../kafka/index.ts'
import type { DataBatch, OffsetRange } from './committed-log.ts'

/**
 * Walks along one side, by whole batches where they need not be opened, else record by record.
 * It stands before a batch (`isFresh`), at a record, or at the end.
 */
export class SideCursor {
  readonly #batches: AsyncIterator<DataBatch>
  readonly #range: OffsetRange
  #batch: DataBatch | undefined
  #records: RecordCursor | undefined
  offset = -1

  constructor(batches: AsyncIterable<DataBatch>, range: OffsetRange) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#range = range
  }

  /** To be called first. */
  async nextBatch(): Promise<void> {
    this.#records = undefined
    const { done, value } = await this.#batches.next()
    this.#batch = done === true ? undefined : value
  }

  get isAtEnd(): boolean {
    return this.#batch === undefined
  }

  get isFresh(): boolean {
    return this.#batch !== undefined && this.#records === undefined
  }

  /** The batch it stands before or in. */
  get batch(): DataBatch | undefined {
    return this.#batch
  }

  /** Whether the batch it stands before lies in the range with all of its records. */
  get isWhole(): boolean {
    const header = this.#batch?.header
    return header !== undefined && header.baseOffset >= this.#from && lastOffset(header) < this.#range.to
  }

  /** Opens batches until it stands at a record; false at the end. */
  async untilRecord(): Promise<boolean> {
    while (this.#batch !== undefined) {
      if (this.#records !== undefined) return true
      this.#records = openRecords(this.#batch.buffer, this.#batch.header)
      if (this.#step()) return true
      await this.nextBatch()
    }
    return false
  }

  /** Leaves the current record. False where its batch is done: `nextBatch` leads on. */
  nextRecord(): boolean {
    return this.#step()
  }

  get timestamp(): number {
    return this.#records === undefined ? -1 : timestampOf(this.#records)
  }

  /** The encoded key, value and headers: the same bytes for the same content. */
  get bodyBytes(): number {
    return this.#records === undefined ? 0 : this.#records.end - this.#records.bodyAt
  }

  hasSameBody(other: SideCursor): boolean {
    const mine = this.#records
    const theirs = other.#records
    if (mine === undefined || theirs === undefined) return false
    return mine.bytes.compare(theirs.bytes, theirs.bodyAt, theirs.end, mine.bodyAt, mine.end) === 0
  }

  /** A view of the same. */
  get body(): Buffer {
    const records = this.#records
    return records === undefined ? Buffer.alloc(0) : records.bytes.subarray(records.bodyAt, records.end)
  }

  decode(): DecodedRecord {
    if (this.#records === undefined) throw new Error('the cursor stands at no record')
    return decodeCurrent(this.#records)
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }

  get #from(): number {
    return Math.max(this.#range.from, this.#batch?.from ?? 0)
  }

  #step(): boolean {
    const records = this.#records
    if (records === undefined) return false
    while (nextRecord(records)) {
      this.offset = records.header.baseOffset + records.offsetDelta
      if (this.offset >= this.#from && this.offset < this.#range.to) return true
    }
    return false
  }
}
