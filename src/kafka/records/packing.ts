/**
 * The inside of repack and merge: one target batch in the making, to which records are added as byte ranges.
 *
 * Per record only the length, the timestamp delta and the offset delta are written anew; key, value and headers are
 * copied as they stand, or as an edit gives them. Timestamps stay exact over all 64 bits: differences are numbers where
 * those are exact and bigint where not.
 */
import { invariant } from '../../core/index.ts'
import {
  BASE_TIMESTAMP_AT,
  type BatchHeader,
  type Codec,
  codecOf,
  corrupt,
  HEADER_BYTES,
  isControl,
  isLogAppendTime,
  MAX_TIMESTAMP_AT,
} from './batch-header.ts'
import { nextRecord, openCursor, type RecordCursor, readRecordsBlock } from './record-cursor.ts'
import { type BatchIdentity, isChecksumValid } from './rewrite-header.ts'
import { sealBatch } from './seal-batch.ts'
import { readWideVarlong, varintBytes, writeVarint, writeWideVarlong } from './varint.ts'

/** A batch and the buffer that holds it. */
export interface RepackInput {
  readonly buffer: Buffer
  readonly header: BatchHeader
}

/** A stretch in which source offsets and indexes run in step; it ends where the next one begins. */
export interface OffsetRun {
  readonly sourceOffset: number
  /** The record's index in the target batch. */
  readonly index: number
}

/** Ready for Produce: base offset 0. */
export interface PackedBatch {
  readonly batch: Buffer
  readonly recordCount: number
}

/** A record's body: key, value and headers, encoded, in `bytes[bodyAt, end)`. A cursor is its current record's. */
export interface RecordBody {
  readonly bytes: Buffer
  readonly bodyAt: number
  readonly end: number
}

/** Undefined drops the record; the body it was given keeps it as it is. */
export type EditRecord = (sourceOffset: number, body: RecordBody) => RecordBody | undefined

/** What a record's three rewritten fields and its attributes take at most: 5 + 1 + 10 + 5. */
const REWRITTEN_BYTES = 21
/** The fewest bytes they took in the source. */
const LEAST_SOURCE_BYTES = 4
/** Below this, a loop over bytes beats a call into the engine. */
const SHORT_BYTES = 24

/** An input whose checksum is proved, decompressed. Encoding signs bytes with a new checksum, hence the proof. */
export function openInput({ buffer, header }: RepackInput, limitBytes: number): RecordCursor {
  invariant(!isControl(header), 'control batches are dropped before repack')
  if (!isChecksumValid(buffer, header)) throw corrupt(header.baseOffset, 'its checksum does not match')
  return openCursor(readRecordsBlock(buffer, header, limitBytes), header)
}

/** A base timestamp beyond it and a delta that is exact as a number can add up to more than 64 bits. */
const WRAP_MARGIN = 2n ** 62n

/** The target batch in the making. */
export interface Packing {
  block: Buffer
  position: number
  count: number
  /** The first input that gave a record. */
  firstInput: RepackInput | undefined
  baseTimestamp: bigint
  /** A small delta may wrap around 64 bits: then none is compared as a number. */
  mayWrap: boolean
  /** Largest timestamp delta among those that are exact as numbers. */
  maxDelta: number
  /** Largest among the others. */
  maxWideDelta: bigint | undefined
  readonly runs: OffsetRun[]
  /** Source offset minus index of the current run. */
  runShift: number
  lastSourceOffset: number
}

/** How an input's timestamps are carried over: a delta to add to each record's own, or one for all. */
interface Timestamps {
  readonly isFixed: boolean
  /** NaN where it is not exact as a number: every record then takes the wide way. */
  readonly shift: number
  readonly wideShift: bigint
}

export function startPacking(cursors: readonly RecordCursor[]): Packing {
  const bound = cursors.reduce(
    (bytes, { bytes: block, header }) =>
      bytes + block.length + header.recordCount * (REWRITTEN_BYTES - LEAST_SOURCE_BYTES),
    HEADER_BYTES,
  )
  return {
    block: Buffer.allocUnsafe(bound),
    position: HEADER_BYTES,
    count: 0,
    firstInput: undefined,
    baseTimestamp: 0n,
    mayWrap: false,
    maxDelta: Number.NEGATIVE_INFINITY,
    maxWideDelta: undefined,
    runs: [],
    runShift: Number.NaN,
    lastSourceOffset: -1,
  }
}

interface PackOptions {
  /** Takes the place of the header's base offset. */
  readonly baseOffset?: number
  readonly fromOffset: number
  readonly untilOffset?: number | undefined
  readonly edit?: EditRecord | undefined
}

/** Adds the records of a batch, all behind those before. */
export function packInput(packing: Packing, input: RepackInput, cursor: RecordCursor, options: PackOptions): void {
  const { edit, baseOffset = input.header.baseOffset, untilOffset = Number.POSITIVE_INFINITY } = options
  let timestamps: Timestamps | undefined
  while (nextRecord(cursor)) {
    const sourceOffset = baseOffset + cursor.offsetDelta
    if (sourceOffset < options.fromOffset || sourceOffset >= untilOffset) continue
    const body = edit === undefined ? cursor : edit(sourceOffset, cursor)
    if (body === undefined) continue
    timestamps ??= carryTimestamps(packing, input)
    if (sourceOffset <= packing.lastSourceOffset) throw corrupt(baseOffset, 'its offsets overlap those before it')
    if (sourceOffset - packing.count !== packing.runShift) {
      packing.runs.push({ sourceOffset, index: packing.count })
      packing.runShift = sourceOffset - packing.count
    }
    packRecord(packing, cursor, timestamps, body)
    packing.lastSourceOffset = sourceOffset
  }
}

/** The first input with a record gives the base, so that its deltas stay as they are. */
function carryTimestamps(packing: Packing, input: RepackInput): Timestamps {
  const { buffer, header } = input
  const isFixed = isLogAppendTime(header)
  const base = buffer.readBigInt64BE(header.position + (isFixed ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT))
  if (packing.firstInput === undefined) {
    packing.firstInput = input
    packing.baseTimestamp = base
    packing.mayWrap = base > WRAP_MARGIN || base < -WRAP_MARGIN
  }
  const wideShift = BigInt.asIntN(64, base - packing.baseTimestamp)
  const shift = Number(wideShift)
  return { isFixed, shift: Number.isSafeInteger(shift) ? shift : Number.NaN, wideShift }
}

function packRecord(packing: Packing, cursor: RecordCursor, timestamps: Timestamps, body: RecordBody): void {
  const { bytes, bodyAt, end } = body
  makeRoom(packing, REWRITTEN_BYTES + end - bodyAt)
  const { block } = packing
  const own = timestamps.isFixed ? 0 : cursor.timestampDelta
  const delta = own + timestamps.shift
  // The length comes first and depends on the deltas: they are written behind room for the longest, then moved up.
  const room = packing.position + 5
  let at = room
  block[at++] = cursor.attributes
  if (Number.isSafeInteger(delta) && Number.isSafeInteger(own) && !packing.mayWrap) {
    at = writeVarint(block, at, delta)
    if (delta > packing.maxDelta) packing.maxDelta = delta
  } else {
    at = packWideDelta(packing, at, cursor, timestamps)
  }
  at = writeVarint(block, at, packing.count)
  const bodyBytes = end - bodyAt
  const length = at - room + bodyBytes
  const start = packing.position + varintBytes(length)
  writeVarint(block, packing.position, length)
  const headBytes = at - room
  for (let moved = 0; moved < headBytes; moved++) block[start + moved] = block[room + moved]!
  copyBytes(bytes, bodyAt, end, block, start + headBytes)
  packing.position = start + length
  packing.count++
}

/** Only what an edit made longer needs more than the block was made for. */
function makeRoom(packing: Packing, bytes: number): void {
  const { block, position } = packing
  if (position + bytes <= block.length) return
  packing.block = Buffer.allocUnsafe(Math.max(2 * block.length, position + bytes))
  block.copy(packing.block, 0, 0, position)
}

/** A delta that is no safe integer, in the source or in the target. Wraps at 64 bits, as Java's arithmetic does. */
function packWideDelta(packing: Packing, position: number, cursor: RecordCursor, timestamps: Timestamps): number {
  const own = timestamps.isFixed ? 0n : readWideVarlong({ bytes: cursor.bytes, position: cursor.timestampDeltaAt })
  const delta = BigInt.asIntN(64, own + timestamps.wideShift)
  if (packing.maxWideDelta === undefined || timestampAt(packing, delta) > timestampAt(packing, packing.maxWideDelta)) {
    packing.maxWideDelta = delta
  }
  return writeWideVarlong(packing.block, position, delta)
}

/** Undefined where no record was added. */
export function sealPacking(
  packing: Packing,
  options: { readonly identity: BatchIdentity; readonly codec?: Codec | undefined },
): PackedBatch | undefined {
  if (packing.firstInput === undefined) return undefined
  const batch = sealBatch(packing.block.subarray(0, packing.position), {
    codec: options.codec ?? codecOf(packing.firstInput.header),
    identity: options.identity,
    recordCount: packing.count,
    baseTimestamp: packing.baseTimestamp,
    maxTimestamp: maxTimestampOf(packing),
    timestampType: 'create-time',
  })
  return { batch, recordCount: packing.count }
}

function maxTimestampOf(packing: Packing): bigint {
  const { maxDelta, maxWideDelta } = packing
  const wide = maxWideDelta === undefined ? undefined : timestampAt(packing, maxWideDelta)
  if (maxDelta === Number.NEGATIVE_INFINITY) return wide ?? packing.baseTimestamp
  const exact = timestampAt(packing, BigInt(maxDelta))
  return wide === undefined || exact > wide ? exact : wide
}

function timestampAt(packing: Packing, delta: bigint): bigint {
  return BigInt.asIntN(64, packing.baseTimestamp + delta)
}

function copyBytes(source: Buffer, start: number, end: number, target: Buffer, position: number): void {
  if (end - start > SHORT_BYTES) {
    source.copy(target, position, start, end)
    return
  }
  for (let from = start, to = position; from < end; ) target[to++] = source[from++]!
}
