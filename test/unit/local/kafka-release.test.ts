import { expect, test } from 'vitest'
import { kafkaRelease } from '../../../src/local/kafka-release.ts'

test.each([
  [undefined, '4.3.1'],
  ['4.3', '4.3.1'],
  ['4.3.1', '4.3.1'],
  ['3.9', '3.9.2'],
])('a region that asks for %s runs Kafka %s', (asked, version) => {
  expect(kafkaRelease(asked)).toMatchObject({ version, image: `apache/kafka:${version}` })
})

test.each(['', '3', '4.', '2.8', '3.9.0', 'latest'])('a region that asks for %j is told what there is', (version) => {
  expect(() => kafkaRelease(version)).toThrow(
    expect.objectContaining({ code: 'LOCAL_VERSION_UNKNOWN', facts: { version, known: '4.3.1, 3.9.2' } }),
  )
})
