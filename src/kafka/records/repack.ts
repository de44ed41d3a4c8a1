/**
 * Makes one batch that a client may send out of batches that cannot pass as they are: drops records outside a range of
 * source offsets, closes the holes of compaction, turns append times into the records' own timestamps, and merges.
 *
 * Works on byte ranges: per record only the length, the timestamp delta and the offset delta are written anew; key,
 * value and headers are copied as they stand. Timestamps stay exact over all 64 bits: differences are numbers where
 * those are exact and bigint where not.
 *
 * Encoding signs bytes with a new checksum, so each input's own checksum is proved first.
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
import { DEFAULT_LIMIT_BYTES } from './compression.ts'
import { nextRecord, openCursor, type RecordCursor, readRecordsBlock } from './record-cursor.ts'
import { isChecksumValid, type BatchIdentity } from './rewrite-header.ts'
import { sealBatch } from './seal-batch.ts'
import { readWideVarlong, varintBytes, writeVarint, writeWideVarlong } from './varint.ts'

/** A batch and the buffer that holds it. */
export interface RepackInput {
  readonly buffer: Buffer
  readonly header: BatchHeader
}

export interface RepackOptions {
  /** Records below this source offset are dropped. */
  readonly fromOffset: number
  /** Records at or above this source offset are dropped: for splitting a batch. Default: none. */
  readonly untilOffset?: number
  readonly identity: BatchIdentity
  /** Default: the codec of the first input that gives a record. */
  readonly codec?: Codec
  /** Largest decompressed size of all inputs together. Default 256 MiB. */
  readonly limitBytes?: number
}

/** A stretch in which source offsets and indexes run in step; it ends where the next one begins. */
export interface OffsetRun {
  readonly sourceOffset: number
  /** The record's index in the target batch. */
  readonly index: number
}

export interface Repacked {
  /** Ready for Produce: base offset 0. */
  readonly batch: Buffer
  readonly recordCount: number
  /** At least one, maximal; the first begins with the first record kept. */
  readonly runs: readonly OffsetRun[]
  /** The source offset of the last record kept. */
  readonly lastSourceOffset: number
}

/** What a record's three rewritten fields and its attributes take at most: 5 + 1 + 10 + 5. */
const REWRITTEN_BYTES = 21
/** The fewest bytes they took in the source. */
const LEAST_SOURCE_BYTES = 4
/** Below this, a loop over bytes beats a call into the engine. */
const SHORT_BYTES = 24

/**
 * Repacks batches of one partition, in offset order, into one. Undefined where no record is left. Batches without
 * records are fine; control batches are the caller's to drop.
 *
 * @throws RECORDS_CORRUPT, RECORDS_TOO_LARGE, RECORDS_UNKNOWN_CODEC
 */
export function repackBatches(inputs: readonly RepackInput[], options: RepackOptions): Repacked | undefined {
  const cursors = openInputs(inputs, options.limitBytes ?? DEFAULT_LIMIT_BYTES)
  const packing = startPacking(cursors)
  for (const [index, input] of inputs.entries()) packInput(packing, input, cursors[index]!, options)
  if (packing.firstInput === undefined) return undefined
  return {
    batch: sealBatch(packing.block.subarray(0, packing.position), {
      codec: options.codec ?? codecOf(packing.firstInput.header),
      identity: options.identity,
      recordCount: packing.count,
      baseTimestamp: packing.baseTimestamp,
      maxTimestamp: maxTimestampOf(packing),
      timestampType: 'create-time',
    }),
    recordCount: packing.count,
    runs: packing.runs,
    lastSourceOffset: packing.lastSourceOffset,
  }
}

/** A base timestamp beyond it and a delta that is exact as a number can add up to more than 64 bits. */
const WRAP_MARGIN = 2n ** 62n

/** The target batch in the making. */
interface Packing {
  readonly block: Buffer
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

function openInputs(inputs: readonly RepackInput[], limitBytes: number): RecordCursor[] {
  let leftBytes = limitBytes
  return inputs.map(({ buffer, header }) => {
    invariant(!isControl(header), 'control batches are dropped before repack')
    if (!isChecksumValid(buffer, header)) throw corrupt(header.baseOffset, 'its checksum does not match')
    const block = readRecordsBlock(buffer, header, leftBytes)
    leftBytes -= block.length
    return openCursor(block, header)
  })
}

function startPacking(cursors: readonly RecordCursor[]): Packing {
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

function packInput(packing: Packing, input: RepackInput, cursor: RecordCursor, options: RepackOptions): void {
  const { baseOffset } = input.header
  const untilOffset = options.untilOffset ?? Number.POSITIVE_INFINITY
  let timestamps: Timestamps | undefined
  while (nextRecord(cursor)) {
    const sourceOffset = baseOffset + cursor.offsetDelta
    if (sourceOffset < options.fromOffset || sourceOffset >= untilOffset) continue
    timestamps ??= carryTimestamps(packing, input)
    if (sourceOffset <= packing.lastSourceOffset) throw corrupt(baseOffset, 'its offsets overlap those before it')
    if (sourceOffset - packing.count !== packing.runShift) {
      packing.runs.push({ sourceOffset, index: packing.count })
      packing.runShift = sourceOffset - packing.count
    }
    packRecord(packing, cursor, timestamps)
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

function packRecord(packing: Packing, cursor: RecordCursor, timestamps: Timestamps): void {
  const { block } = packing
  const { bytes, bodyAt, end } = cursor
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

/** A delta that is no safe integer, in the source or in the target. Wraps at 64 bits, as Java's arithmetic does. */
function packWideDelta(packing: Packing, position: number, cursor: RecordCursor, timestamps: Timestamps): number {
  const own = timestamps.isFixed ? 0n : readWideVarlong({ bytes: cursor.bytes, position: cursor.timestampDeltaAt })
  const delta = BigInt.asIntN(64, own + timestamps.wideShift)
  if (packing.maxWideDelta === undefined || timestampAt(packing, delta) > timestampAt(packing, packing.maxWideDelta)) {
    packing.maxWideDelta = delta
  }
  return writeWideVarlong(packing.block, position, delta)
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
