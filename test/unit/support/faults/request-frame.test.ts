import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { apiNameOf, FrameCutter, readRequestHead } from '../../../support/faults/request-frame.ts'

function frame(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

test('frames come out as they went in, however the stream was cut', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (all, cuts) => {
      const frames = all.map((body) => frame(Buffer.from(body)))
      const stream = Buffer.concat(frames)
      const cutter = new FrameCutter()
      const out: Buffer[] = []
      for (let at = 0, nth = 0; at < stream.length; nth++) {
        const next = at + (cuts[nth % cuts.length] ?? 1)
        out.push(...cutter.take(stream.subarray(at, next)))
        at = next
      }
      expect(out).toEqual(frames)
    }),
  )
})

test('a stream that is not of Kafka is refused', () => {
  expect(() => new FrameCutter().take(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(RangeError)
  expect(() => new FrameCutter().take(Buffer.from('ffffffff', 'hex'))).toThrow(RangeError)
})

test('the head of a request is read, with and without a client id', () => {
  const named = frame(Buffer.from('0000000d00000007000369737400', 'hex'))
  expect(readRequestHead(named)).toEqual({ apiKey: 0, version: 13, correlationId: 7, clientId: 'ist' })
  expect(apiNameOf(readRequestHead(named))).toBe('Produce')
  const nameless = frame(Buffer.from('03e70000ffffffffffff', 'hex'))
  expect(readRequestHead(nameless)).toEqual({ apiKey: 999, version: 0, correlationId: -1, clientId: null })
  expect(apiNameOf(readRequestHead(nameless))).toBeUndefined()
})
