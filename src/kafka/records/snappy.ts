/**
 * Snappy, raw and in the framing of xerial's snappy-java, which is what Kafka's Java client writes (32 KiB blocks).
 * Compression of one block is @platformatic/kafka's; decoding is done here, because that library's decoder keeps memory
 * for ever after each malformed input. Source: google/snappy format_description.txt, SnappyOutputStream.java.
 */
import { compressionsAlgorithms } from '@platformatic/kafka'
import { BlockOutput, TooLargeError } from './block-output.ts'
import { readUnsignedVarint } from './varint.ts'

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
/** Magic, version 1, lowest compatible version 1. */
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
const XERIAL_BLOCK_BYTES = 32 * 1024

const TAG_LITERAL = 0
const TAG_COPY_1 = 1
const TAG_COPY_2 = 2
/** How many bytes follow a copy's tag, by kind. */
const COPY_BYTES = [0, 1, 2, 4]
/** Literal lengths from 60 on name how many bytes the length itself takes. */
const LONG_LITERAL = 60

/** Compresses in xerial framing. */
export function compressSnappy(input: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let at = 0; at < input.length; at += XERIAL_BLOCK_BYTES) {
    const block = compressionsAlgorithms.snappy.compressSync(input.subarray(at, at + XERIAL_BLOCK_BYTES))
    const size = Buffer.allocUnsafe(4)
    size.writeUInt32BE(block.length)
    parts.push(size, block)
  }
  return Buffer.concat(parts)
}

/** @throws RangeError for anything malformed; TooLargeError beyond `limitBytes`. */
export function decompressSnappy(input: Buffer, limitBytes: number): Buffer {
  const output = new BlockOutput(0, limitBytes)
  if (input.length < XERIAL_HEADER.length || input.compare(XERIAL_MAGIC, 0, 8, 0, 8) !== 0) {
    readBlock(input, 0, input.length, output)
    return output.contents()
  }
  for (let at = XERIAL_HEADER.length; at < input.length; ) {
    const end = at + 4 + input.readUInt32BE(at)
    if (end > input.length) throw new RangeError('snappy block ends behind its input')
    readBlock(input, at + 4, end, output)
    at = end
  }
  return output.contents()
}

/** One raw block: its uncompressed length, then literals and copies of what came before in the block. */
function readBlock(input: Buffer, start: number, end: number, output: BlockOutput): void {
  const blockStart = output.length
  const preamble = readDeclaredBytes(input, start, end)
  output.reserve(preamble.declaredBytes)
  const blockEnd = blockStart + preamble.declaredBytes
  if (blockEnd > output.bytes.length) throw new TooLargeError()
  let length = blockStart
  let at = preamble.at
  while (at < end) {
    const tag = input[at++]!
    const kind = tag & 3
    if (kind === TAG_LITERAL) {
      const lengthBytes = Math.max((tag >>> 2) - LONG_LITERAL + 1, 0)
      const literals = (lengthBytes === 0 ? tag >>> 2 : input.readUIntLE(at, lengthBytes)) + 1
      at += lengthBytes + literals
      if (at > end || length + literals > blockEnd) throw new RangeError('snappy literal ends behind its block')
      length = output.copyLiterals(input, at - literals, at, length)
    } else {
      const distance = readDistance(input, at, tag)
      at += COPY_BYTES[kind]!
      const count = kind === TAG_COPY_1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
      if (at > end || length + count > blockEnd) throw new RangeError('snappy copy ends behind its block')
      if (distance === 0 || distance > length - blockStart) throw new RangeError('snappy copy begins before its block')
      length = output.copyMatch(length, distance, count)
    }
  }
  if (length !== blockEnd) throw new RangeError('snappy block is shorter than it declares')
  output.length = length
}

function readDeclaredBytes(input: Buffer, start: number, end: number): { declaredBytes: number; at: number } {
  const reader = { bytes: input, position: start }
  const declaredBytes = readUnsignedVarint(reader)
  // No tag gives more than 64 bytes for 3 of its own.
  if (declaredBytes > (end - start) * 64) throw new RangeError('snappy block declares more than it can hold')
  return { declaredBytes, at: reader.position }
}

/** How far back a copy reaches. Behind the end of the input it is whatever it is: the caller checks the end. */
function readDistance(input: Buffer, at: number, tag: number): number {
  const low = input[at] ?? 0
  if ((tag & 3) === TAG_COPY_1) return ((tag & 0xe0) << 3) | low
  const high = (input[at + 1] ?? 0) << 8
  if ((tag & 3) === TAG_COPY_2) return high | low
  return ((input[at + 2] ?? 0) | ((input[at + 3] ?? 0) << 8)) * 65_536 + (high | low)
}
