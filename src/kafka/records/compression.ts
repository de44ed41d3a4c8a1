/**
 * The records block's compression, both ways, synchronous. What is written is what Kafka's Java client reads: gzip and
 * zstd of node:zlib, snappy in xerial framing, LZ4 frames of independent blocks without checksums.
 *
 * Output is bounded while it is produced, so a block made to expand without end costs at most the limit.
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { unreachable } from '../../core/index.ts'
import type { Codec } from './batch-header.ts'
import { TooLargeError } from './block-output.ts'
import { recordsFaults } from './faults.ts'
import { decompressLz4 } from './lz4.ts'
import { compressSnappy, decompressSnappy } from './snappy.ts'

/**
 * Largest decompressed records block, 256 MiB. A batch is at most `max.message.bytes` compressed (1 MiB by default,
 * seldom above 10 MiB), and clients bound it by its uncompressed size; the room left is for very compressible data.
 */
export const DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024

/** Compresses a records block. `none` returns the block itself. */
export function compress(codec: Codec, block: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return block
    case 'gzip':
      return gzipSync(block)
    case 'snappy':
      return compressSnappy(block)
    case 'lz4':
      return compressionsAlgorithms.lz4.compressSync(block)
    case 'zstd':
      return zstdCompressSync(block)
    default:
      return unreachable(codec)
  }
}

/**
 * Decompresses a records block. `none` returns the block itself, whatever its size.
 *
 * @throws RECORDS_TOO_LARGE where the output would pass `limitBytes`; an Error of the decoder for malformed input.
 */
export function decompress(codec: Codec, block: Buffer, limitBytes: number = DEFAULT_LIMIT_BYTES): Buffer {
  try {
    switch (codec) {
      case 'none':
        return block
      case 'gzip':
        return gunzipSync(block, { maxOutputLength: limitBytes })
      case 'snappy':
        return decompressSnappy(block, limitBytes)
      case 'lz4':
        return decompressLz4(block, limitBytes)
      case 'zstd':
        return zstdDecompressSync(block, { maxOutputLength: limitBytes })
      default:
        return unreachable(codec)
    }
  } catch (error) {
    if (!isTooLarge(error)) throw error
    throw recordsFaults.fault('RECORDS_TOO_LARGE', { codec, compressedBytes: block.length, limitBytes }, error)
  }
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof TooLargeError) return true
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
