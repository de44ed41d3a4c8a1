/**
 * CRC-32C (Castagnoli), reflected, as Kafka uses it over everything from the attributes to the end of a batch.
 *
 * A CRC is linear over GF(2): for messages a and b of one length, crc(a) ^ crc(b) = raw(a ^ b), where raw has neither
 * the initial nor the final inversion. When only the header changes, a ^ b is the header's difference followed by
 * zeros, and zero bytes act on the 32-bit state as a fixed matrix. So a checksum follows a change of the header in
 * O(log size), without a look at the payload; and where it did not match before, it does not match afterwards.
 */
import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/** The generator polynomial, bits reflected. */
const POLYNOMIAL = 0x82f63b78
/** Batch sizes are signed 32-bit numbers. */
const SHIFT_BITS = 31
const TABLE_SIZE = 256
/** One operator: a table for each of the state's four bytes. */
const OPERATOR_SIZE = 4 * TABLE_SIZE

const BYTE_TABLE = buildByteTable()
const SHIFT_OPERATORS = buildShiftOperators()

/** CRC-32C of the bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  return nativeCrc32c(bytes)
}

/** The CRC state of the bytes without the inversions before and after: linear in the bytes. For short inputs. */
export function rawCrc32c(bytes: Uint8Array): number {
  let state = 0
  for (let at = 0; at < bytes.length; at++) {
    state = BYTE_TABLE[(state ^ (bytes[at] as number)) & 0xff]! ^ (state >>> 8)
  }
  return state >>> 0
}

/** What `zeroBytes` further bytes of zero make of a raw CRC state. O(log zeroBytes). */
export function shiftCrc32c(crc: number, zeroBytes: number): number {
  let state = crc
  for (let bit = 0, left = zeroBytes; left > 0; bit++, left >>>= 1) {
    if ((left & 1) !== 0) state = applyOperator(SHIFT_OPERATORS, bit * OPERATOR_SIZE, state)
  }
  return state >>> 0
}

function applyOperator(tables: Int32Array, at: number, state: number): number {
  return (
    tables[at + (state & 0xff)]! ^
    tables[at + TABLE_SIZE + ((state >>> 8) & 0xff)]! ^
    tables[at + 2 * TABLE_SIZE + ((state >>> 16) & 0xff)]! ^
    tables[at + 3 * TABLE_SIZE + (state >>> 24)]!
  )
}

function buildByteTable(): Int32Array {
  return Int32Array.from({ length: TABLE_SIZE }, (_, byte) => {
    let state = byte
    for (let bit = 0; bit < 8; bit++) state = (state & 1) !== 0 ? (state >>> 1) ^ POLYNOMIAL : state >>> 1
    return state
  })
}

/** Operator k shifts by 2^k bytes of zero; it is operator k-1 applied twice. */
function buildShiftOperators(): Int32Array {
  const operators = new Int32Array(SHIFT_BITS * OPERATOR_SIZE)
  const shiftOneByte = (state: number) => BYTE_TABLE[state & 0xff]! ^ (state >>> 8)
  for (let bit = 0; bit < SHIFT_BITS; bit++) {
    const previous = (bit - 1) * OPERATOR_SIZE
    for (let index = 0; index < OPERATOR_SIZE; index++) {
      const state = (index % TABLE_SIZE) << (8 * Math.floor(index / TABLE_SIZE))
      operators[bit * OPERATOR_SIZE + index] =
        bit === 0 ? shiftOneByte(state) : applyOperator(operators, previous, applyOperator(operators, previous, state))
    }
  }
  return operators
}
