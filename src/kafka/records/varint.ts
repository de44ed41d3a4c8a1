/**
 * Kafka's zigzag variable-length numbers: 7 bits a byte, lowest first, the sign in the lowest bit.
 * The same value has one encoding whether it is declared as 32 or 64 bits wide. 64-bit values are handled as numbers
 * as long as those are exact; the `Wide` functions do the rest with bigint.
 */
import { invariant } from '../../core/index.ts'

/** A position in a block of bytes, moved on by each read. */
export interface ByteReader {
  readonly bytes: Buffer
  position: number
}

/** Thrown for a read past the end or an overlong number; callers turn it into a fault that names the batch. */
export class TruncatedBytesError extends Error {}

const VARINT_MAX_BYTES = 5
export const VARLONG_MAX_BYTES = 10
/** 7 bytes carry 49 bits: exact as a number, doubling included. */
const EXACT_VARLONG_BYTES = 7
const EXACT_LIMIT = 2 ** 48

/** A 32-bit number. */
export function readVarint(reader: ByteReader): number {
  const encoded = readUnsignedVarint(reader)
  return (encoded >>> 1) ^ -(encoded & 1)
}

/** A 32-bit number without a sign, as it is encoded. */
export function readUnsignedVarint(reader: ByteReader): number {
  const { bytes } = reader
  let encoded = 0
  for (let count = 0; count < VARINT_MAX_BYTES; count++) {
    const byte = nextByte(bytes, reader)
    encoded |= (byte & 0x7f) << (7 * count)
    if (byte < 0x80) return encoded >>> 0
  }
  throw new TruncatedBytesError('a variable-length number is longer than 5 bytes')
}

/** A 64-bit number; beyond 2^53 rounded, and then never a safe integer. */
export function readVarlong(reader: ByteReader): number {
  const { bytes } = reader
  const start = reader.position
  let encoded = 0
  let scale = 1
  for (let count = 0; count < EXACT_VARLONG_BYTES; count++) {
    const byte = nextByte(bytes, reader)
    encoded += (byte & 0x7f) * scale
    if (byte < 0x80) return encoded % 2 === 0 ? encoded / 2 : -(encoded + 1) / 2
    scale *= 128
  }
  reader.position = start
  return Number(readWideVarlong(reader))
}

/** A 64-bit number, exact. */
export function readWideVarlong(reader: ByteReader): bigint {
  const { bytes } = reader
  let encoded = 0n
  for (let count = 0; count < VARLONG_MAX_BYTES; count++) {
    const byte = nextByte(bytes, reader)
    encoded |= BigInt(byte & 0x7f) << BigInt(7 * count)
    if (byte < 0x80) return BigInt.asIntN(64, (encoded >> 1n) ^ -(encoded & 1n))
  }
  throw new TruncatedBytesError('a variable-length number is longer than 10 bytes')
}

/** Writes a safe integer and returns the position behind it. */
export function writeVarint(bytes: Buffer, position: number, value: number): number {
  if (value >= EXACT_LIMIT || value < -EXACT_LIMIT) return writeWideVarlong(bytes, position, BigInt(value))
  let at = position
  let encoded = value < 0 ? -2 * value - 1 : 2 * value
  while (encoded >= 0x80000000) {
    bytes[at++] = (encoded % 128) | 0x80
    encoded = Math.floor(encoded / 128)
  }
  while (encoded >= 0x80) {
    bytes[at++] = (encoded & 0x7f) | 0x80
    encoded >>>= 7
  }
  bytes[at++] = encoded
  return at
}

/** Writes a signed 64-bit number and returns the position behind it. */
export function writeWideVarlong(bytes: Buffer, position: number, value: bigint): number {
  invariant(BigInt.asIntN(64, value) === value, 'a variable-length number has at most 64 bits')
  let at = position
  let encoded = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  while (encoded >= 0x80n) {
    bytes[at++] = Number(encoded & 0x7fn) | 0x80
    encoded >>= 7n
  }
  bytes[at++] = Number(encoded)
  return at
}

/** How many bytes `writeVarint` takes for a 32-bit value. */
export function varintBytes(value: number): number {
  const encoded = (value << 1) ^ (value >> 31)
  return encoded === 0 ? 1 : Math.ceil((32 - Math.clz32(encoded)) / 7)
}

function nextByte(bytes: Buffer, reader: ByteReader): number {
  const at = reader.position
  if (at >= bytes.length) throw new TruncatedBytesError('a record ends before its declared length')
  reader.position = at + 1
  return bytes[at] as number
}
