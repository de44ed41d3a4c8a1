/**
 * Reads LZ4 frames: any block size, independent and linked blocks, stored blocks, checksums (skipped: the batch's
 * CRC-32C covers the bytes), and several frames in a row.
 *
 * Written here because the decoder at hand (@platformatic/wasm-utils) reads only the first frame, cannot bound its
 * output and keeps memory for ever after each malformed input. Source: lz4_Frame_format.md, lz4_Block_format.md 1.6.
 */
import { BlockOutput } from './block-output.ts'

const FRAME_MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50
const FLAG_BLOCK_CHECKSUM = 0x10
const FLAG_CONTENT_SIZE = 0x08
const FLAG_CONTENT_CHECKSUM = 0x04
const FLAG_DICTIONARY = 0x01
const STORED_BLOCK_BIT = 0x80000000
const MIN_MATCH_BYTES = 4
/** A length of 15 goes on in further bytes, up to the first that is not 255. */
const LONG_LENGTH = 15

/** @throws RangeError for anything malformed; TooLargeError beyond `limitBytes`. */
export function decompressLz4(input: Buffer, limitBytes: number): Buffer {
  const output = new BlockOutput(input.length * 3, limitBytes)
  let at = 0
  while (at < input.length) {
    const magic = input.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + input.readUInt32LE(at + 4)
    } else if (magic === FRAME_MAGIC) {
      at = readFrame(input, at + 4, output)
    } else {
      throw new RangeError('not an LZ4 frame')
    }
  }
  return output.contents()
}

function readFrame(input: Buffer, start: number, output: BlockOutput): number {
  const flags = input.readUInt8(start)
  if (flags >>> 6 !== 1) throw new RangeError(`LZ4 frame version ${flags >>> 6}`)
  if ((flags & FLAG_DICTIONARY) !== 0) throw new RangeError('LZ4 frame with a dictionary')
  const sizeCode = (input.readUInt8(start + 1) >>> 4) & 7
  if (sizeCode < 4) throw new RangeError('LZ4 frame with an unknown block size')
  // 64 KiB, 256 KiB, 1 MiB, 4 MiB.
  const largestBlockBytes = 2 ** (8 + 2 * sizeCode)
  // Flags, block descriptor, content size if there, header checksum.
  let at = start + 3 + ((flags & FLAG_CONTENT_SIZE) !== 0 ? 8 : 0)
  const checksumBytes = (flags & FLAG_BLOCK_CHECKSUM) !== 0 ? 4 : 0
  const frameStart = output.length
  for (;;) {
    const size = input.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const end = at + (size % STORED_BLOCK_BIT)
    if (end > input.length) throw new RangeError('LZ4 block ends behind its input')
    output.reserve(largestBlockBytes)
    if (size >= STORED_BLOCK_BIT) output.length = output.copyLiterals(input, at, end, output.length)
    else output.length = readBlock(input, at, end, output, frameStart)
    at = end + checksumBytes
  }
  return at + ((flags & FLAG_CONTENT_CHECKSUM) !== 0 ? 4 : 0)
}

/** One compressed block: literals, then a match, over and over. Returns the output's new length. */
function readBlock(input: Buffer, start: number, end: number, output: BlockOutput, frameStart: number): number {
  let at = start
  let length = output.length
  while (at < end) {
    const token = input[at++]!
    let literals = token >>> 4
    if (literals === LONG_LENGTH) {
      const last = findLengthEnd(input, at, end)
      literals += (last - at) * 255 + input[last]!
      at = last + 1
    }
    if (at + literals > end) throw new RangeError('LZ4 literals end behind their block')
    length = output.copyLiterals(input, at, at + literals, length)
    at += literals
    if (at === end) break
    if (at + 2 > end) throw new RangeError('LZ4 match ends behind its block')
    const distance = input[at]! | (input[at + 1]! << 8)
    at += 2
    let match = token & 15
    if (match === LONG_LENGTH) {
      const last = findLengthEnd(input, at, end)
      match += (last - at) * 255 + input[last]!
      at = last + 1
    }
    // Linked blocks match back into the blocks before them.
    if (distance === 0 || distance > length - frameStart) throw new RangeError('LZ4 match begins before its frame')
    length = output.copyMatch(length, distance, match + MIN_MATCH_BYTES)
  }
  return length
}

function findLengthEnd(input: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && input[at] === 255) at++
  if (at >= end) throw new RangeError('LZ4 length ends behind its block')
  return at
}
