import { expect, test } from 'vitest'
import { countLoss, keepCommon, missingReadings } from '../../../src/demo/judge-loss.ts'
import type { TopicRecord } from '../../../src/local/index.ts'
import { reading } from '../local/workload/readings.ts'

const record = (value: string, partition = 0): TopicRecord => {
  return { partition, offset: 0n, key: 'k', value: Buffer.from(value), headers: {}, timestampMs: 5 }
}
const logs = (...records: TopicRecord[]) => new Map([['t', records]])

test('what only the lost region holds is lost, whatever the offsets are', () => {
  const lost = logs(record('a'), record('b'), record('c'), record('a', 1))
  expect(countLoss(lost, logs({ ...record('a'), offset: 9n }))).toEqual({ records: 3, partitions: 2 })
  expect(countLoss(lost, lost)).toEqual({ records: 0, partitions: 0 })
})

test('of two records that are the same, one may be lost', () => {
  expect(countLoss(logs(record('a'), record('a')), logs(record('a')))).toEqual({ records: 1, partitions: 1 })
})

test('what both regions hold is kept', () => {
  expect(keepCommon(logs(record('a'), record('b')), logs(record('b'), record('c')))).toEqual(logs(record('b')))
})

test('acknowledged readings are found by device and number', () => {
  const [one, two] = [reading({ sequence: 1 }), reading({ sequence: 2 })]
  expect(missingReadings([one, two], [{ ...one, value: 3 }])).toEqual([two])
})
