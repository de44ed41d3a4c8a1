/**
 * One side of a comparison: the batches of a partition that hold committed application records, in the order of the
 * log, read in bounded pieces. Control batches and aborted ones are passed over and counted.
 *
 * Holds at most two pieces: the one that is looked at and the one behind it, already asked for.
 */
import { type Clock, sleep } from '../../core/index.ts'
import {
  type BatchHeader,
  type FetchedPartition,
  isControl,
  isTransactional,
  lastOffset,
  readBatch,
  readBatches,
  readControlType,
} from '../../kafka/index.ts'
import { AbortedTransactions } from '../flows/aborted-transactions.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import type { Pace } from './pace.ts'

/** A range of offsets, the end not included. */
export interface OffsetRange {
  readonly from: number
  readonly to: number
}

/** A batch of committed records. Its first and last ones may lie outside of the range that was asked for. */
export interface DataBatch {
  readonly header: BatchHeader
  readonly buffer: Buffer
  /** Records below it were deleted, although the batch still holds them, or were not asked for. */
  readonly from: number
  /** Between the data batch before it, or the start of the range, and this one. */
  readonly before: Passed
}

/** Offsets that hold no application's record, by why. */
export interface Passed {
  readonly control: number
  readonly aborted: number
  /** First offset behind the last of them; where none was passed, the end of the batch before. */
  readonly end: number
}

export interface CommittedLogContext {
  readonly reader: Pick<RawReader, 'read'>
  readonly ref: PartitionRef
  readonly clock: Clock
  readonly pace: Pace
  /** First offset that is still served. */
  logStart(signal: AbortSignal): Promise<number>
}

const PIECE_BYTES = 512 * 1024
const OFFSET_OUT_OF_RANGE = 1
/** A new leader may not know for a moment how far its log is replicated. */
const EMPTY_TRIES = 25
const EMPTY_PAUSE_MS = 200

/**
 * Ends early where the log does, and answers up to where it was read. A log that begins behind `from` is read from its
 * beginning.
 */
export async function* readCommitted(
  context: CommittedLogContext,
  range: OffsetRange,
  signal: AbortSignal,
): AsyncGenerator<DataBatch, number> {
  let at = range.from
  let from = at
  let passed = { control: 0, aborted: 0, end: range.from }
  const readOn = () => (at < range.to ? readPiece(context, at, range.to, signal) : undefined)
  let upcoming = readOn()
  while (upcoming !== undefined) {
    const piece: FetchedPartition = await upcoming
    if (piece.errorCode === OFFSET_OUT_OF_RANGE) {
      const start = await context.logStart(signal)
      if (start <= at) return at
      at = from = start
      upcoming = readOn()
      continue
    }
    const headers = headersOf(piece.records, at)
    const last = headers.at(-1)
    if (last === undefined) return at
    at = lastOffset(last) + 1
    upcoming = readOn()
    upcoming?.catch(() => undefined)
    const aborted = new AbortedTransactions(piece.aborted)
    for (const header of headers) {
      const end = lastOffset(header) + 1
      const control = isControl(header)
      const isAborted = !control && isTransactional(header) && aborted.includes(header.producerId, end - 1)
      if (control && readControlType(piece.records, header) === 'abort') aborted.endedBy(header.producerId, end - 1)
      if (end <= from || header.baseOffset >= range.to) continue
      if (control) passed = { ...passed, control: passed.control + end - header.baseOffset, end }
      else if (isAborted) passed = { ...passed, aborted: passed.aborted + end - header.baseOffset, end }
      else {
        yield { header, buffer: piece.records, from, before: passed }
        passed = { control: 0, aborted: 0, end }
      }
    }
  }
  return at
}

/** Waits a little where nothing is answered although the range goes on. */
async function readPiece(
  { reader, ref, clock, pace }: CommittedLogContext,
  offset: number,
  to: number,
  signal: AbortSignal,
): Promise<FetchedPartition> {
  for (let tries = 1; ; tries++) {
    const piece = await reader.read(ref, { offset, maxBytes: PIECE_BYTES, isolation: 'read_committed' }, signal)
    await pace.spend(piece.records.length, signal)
    const isEmpty = piece.errorCode === 0 && readBatch(piece.records, 0) === undefined
    if (!isEmpty || piece.lastStableOffset >= to || tries === EMPTY_TRIES) return piece
    await sleep(clock, EMPTY_PAUSE_MS, signal)
  }
}

/** Of the whole batches that end behind an offset; none where the answer is an error. */
function headersOf(records: Buffer, from: number): BatchHeader[] {
  const headers: BatchHeader[] = []
  for (const header of readBatches(records)) {
    if (lastOffset(header) >= from || headers.length > 0) headers.push(header)
  }
  return headers
}
