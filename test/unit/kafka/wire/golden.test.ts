import { Reader, Writer } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { API_VERSIONS, type ApiName, headersOf } from '../../../../src/kafka/wire/versions.ts'
import { readGoldens } from '../../../support/golden.ts'
import { WIRE_APIS } from '../../../support/wire-apis.ts'

/** Bytes captured from a real 4.3.1 broker, see test/support/capture-golden.ts. */
const goldens = readGoldens()

describe.each(goldens)('$api v$version', ({ api, version, input, request, response, output }) => {
  const codec = WIRE_APIS[api as ApiName]

  test('writes the request that the broker accepted', () => {
    const writer = Writer.create()
    codec.write(writer, input as never, version)
    expect(writer.buffer.toString('hex')).toBe(request)
  })

  test('reads the answer of the broker to its end', () => {
    const reader = Reader.from(Buffer.from(response, 'hex'))
    // A JSON fixture leaves out what is undefined.
    expect(codec.read(reader, version)).toEqual(output)
    // Unread are the tagged fields at the end, no more.
    if (headersOf(api as ApiName).request) reader.readTaggedFields()
    expect(reader.remaining).toBe(0)
  })
})

test('every version in the table has golden bytes', () => {
  const wanted = Object.entries(API_VERSIONS).flatMap(([api, { min, max }]) =>
    Array.from({ length: max - min + 1 }, (_, i) => `${api} v${min + i}`),
  )
  expect(goldens.map(({ api, version }) => `${api} v${version}`).sort()).toEqual(wanted.sort())
})
