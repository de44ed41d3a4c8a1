import { Reader } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { metadataApi } from '../../../../src/kafka/wire/metadata.ts'
import { rememberAnswer } from '../../../../src/kafka/wire/remember-answer.ts'
import { readGoldens } from '../../../support/golden.ts'

const goldens = readGoldens().filter(({ api }) => api === 'Metadata')

test('an answer with the same bytes is the same object, any other is read', () => {
  const api = rememberAnswer(metadataApi)
  for (const { version, response, output } of goldens) {
    const read = (bytes: Buffer) => api.read(Reader.from(bytes), version)
    const first = read(Buffer.from(response, 'hex'))
    expect(first).toEqual(output)
    expect(read(Buffer.from(response, 'hex'))).toBe(first)

    const throttled = Buffer.from(response, 'hex')
    throttled.writeInt32BE(100, 0)
    expect(read(throttled)).toEqual(output)
    expect(read(throttled)).not.toBe(first)
  }
  expect(goldens.length).toBeGreaterThan(1)
})
