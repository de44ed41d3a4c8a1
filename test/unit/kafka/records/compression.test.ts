import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compress, decompress } from '../../../../src/kafka/records/compression.ts'
import { MODEL_CODECS } from './model.ts'

const COMPRESSED = MODEL_CODECS.filter((codec) => codec !== 'none')

/** Repetitive, random, and both in one: from nothing to several blocks of every codec. */
const content = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat({ max: 700 }), fc.uint8Array({ maxLength: 3000 }))
  .map(([piece, times, rest]) => Buffer.concat([...Array.from({ length: times }, () => piece), rest]))

/** Frames of the reference library (python-lz4 4): what Kafka's own clients do not write but the format allows. */
const frames = JSON.parse(readFileSync(new URL('golden/lz4-frames.json', import.meta.url), 'utf8')) as {
  readonly sha256: string
  readonly frames: Readonly<Record<string, string>>
}

describe.each(COMPRESSED)('%s', (codec) => {
  it('gives back what went in', () => {
    fc.assert(
      fc.property(content, (block) => {
        expect(decompress(codec, compress(codec, block)).equals(block)).toBe(true)
      }),
    )
  })

  it('refuses to expand beyond the limit, and takes what just fits', () => {
    const block = Buffer.alloc(3_000_000, 'isthmus')
    const compressed = compress(codec, block)
    expect(decompress(codec, compressed, block.length).equals(block)).toBe(true)
    expect(() => decompress(codec, compressed, block.length - 1)).toThrow(
      expect.objectContaining({ code: 'RECORDS_TOO_LARGE', facts: expect.objectContaining({ codec }) }),
    )
  })

  it('throws for damaged input or gives other bytes, but never hangs or grows', () => {
    fc.assert(
      fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (block, where, flip, isCut) => {
        const damaged = Buffer.from(compress(codec, block))
        if (damaged.length === 0) return
        const at = where % damaged.length
        damaged[at]! ^= flip
        try {
          expect(decompress(codec, isCut ? damaged.subarray(0, at) : damaged, 1_000_000).length).toBeLessThanOrEqual(
            1_000_000,
          )
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('lz4', () => {
  it.each(Object.entries(frames.frames))('reads %s', (_, base64) => {
    const block = decompress('lz4', Buffer.from(base64, 'base64'))
    expect(createHash('sha256').update(block).digest('hex')).toBe(frames.sha256)
  })

  it('reads frames one behind the other, and skips what is marked so', () => {
    const [first, second] = Object.values(frames.frames).map((base64) => Buffer.from(base64, 'base64'))
    const skippable = Buffer.from('5a2a4d1803000000aabbcc', 'hex')
    const once = decompress('lz4', first!)
    const twice = decompress('lz4', Buffer.concat([first!, skippable, second!]))
    expect(twice.equals(Buffer.concat([once, once]))).toBe(true)
  })
})

describe('snappy', () => {
  it('reads raw blocks too', () => {
    fc.assert(
      fc.property(content, (block) => {
        expect(decompress('snappy', compressionsAlgorithms.snappy.compressSync(block)).equals(block)).toBe(true)
      }),
    )
  })

  it('writes blocks of 32 KiB in xerial framing', () => {
    const written = compress('snappy', Buffer.alloc(70_000, 'isthmus'))
    expect(written.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001')
    const sizes: number[] = []
    for (let at = 16; at < written.length; at += 4 + written.readUInt32BE(at)) {
      sizes.push(
        compressionsAlgorithms.snappy.decompressSync(written.subarray(at + 4, at + 4 + written.readUInt32BE(at)))
          .length,
      )
    }
    expect(sizes).toEqual([32_768, 32_768, 4464])
  })
})

it('gzip reads members one behind the other', () => {
  const both = decompress('gzip', Buffer.concat([gzipSync('one'), gzipSync('two')]))
  expect(both.toString()).toBe('onetwo')
})
