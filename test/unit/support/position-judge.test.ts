import { expect, test } from 'vitest'
import { judgePositions, type PositionPair } from '../../support/position-judge.ts'
import type { LoggedRecord, RecordLog } from '../../support/record-log.ts'

const PARTITION = 'orders/0'
const record = (offset: number, name: string): LoggedRecord => ({ offset, timestamp: 1_000, digest: name })
const log = (...records: LoggedRecord[]): RecordLog => new Map([[PARTITION, records]])

/** A hole at source 2-3; two abort markers before d on the target. */
const source = log(record(0, 'a'), record(1, 'b'), record(4, 'c'), record(5, 'd'), record(6, 'e'))
const target = log(record(0, 'a'), record(1, 'b'), record(2, 'c'), record(5, 'd'), record(6, 'e'))
const end = 7

const pair = (source: number | undefined, target: number | undefined): PositionPair => ({
  partition: PARTITION,
  source,
  target,
})
const judge = (...pairs: PositionPair[]) => judgePositions({ source, target }, pairs)

test.for([
  [0, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 3],
  [5, 4],
  [5, 5],
  [6, 6],
  [end, end],
  [end, 12],
])('source %i and target %i are at the same record', ([from, to]) => {
  expect(judge(pair(from, to))).toMatchObject({ checked: 1, wrong: 0, missing: 0 })
})

test.for([
  [0, 1],
  [4, 3],
  [5, 2],
  [5, 6],
  [6, end],
  [end, 6],
])('source %i and target %i are not at the same record', ([from, to]) => {
  expect(judge(pair(from, to))).toMatchObject({ checked: 1, wrong: 1, missing: 0 })
})

test('a translation that returns its input is found wrong where offsets are shifted', () => {
  const shifted = log(record(0, 'a'), record(1, 'b'), record(3, 'c'), record(4, 'd'), record(5, 'e'))
  const plain = log(record(0, 'a'), record(1, 'b'), record(2, 'c'), record(3, 'd'), record(4, 'e'))
  const identity = Array.from({ length: 6 }, (_, offset) => pair(offset, offset))
  const verdict = judgePositions({ source: plain, target: shifted }, identity)
  expect(verdict).toMatchObject({ checked: 6, differing: 0, wrong: 3, missing: 0 })
  expect(verdict.findings[0]).toBe(
    'orders/0: source 3, target 3: 2 and 3 records left to read, the last 5 of them equal',
  )
})

test('a position that one side lacks is missing, not wrong', () => {
  expect(judge(pair(1, undefined), pair(undefined, 1))).toMatchObject({
    checked: 2,
    differing: 0,
    wrong: 0,
    missing: 2,
  })
})

test('only pairs of unequal offsets count as differing', () => {
  expect(judge(pair(1, 1), pair(4, 2), pair(5, 5))).toMatchObject({ checked: 3, differing: 1 })
})

test('the same number of records is not enough where one of them is another', () => {
  const other = log(record(0, 'a'), record(1, 'b'), record(2, 'c'), record(5, 'x'), record(6, 'e'))
  expect(judgePositions({ source, target: other }, [pair(4, 2)])).toMatchObject({ wrong: 1 })
  expect(judgePositions({ source, target: other }, [pair(6, 6)])).toMatchObject({ wrong: 0 })
})

test('a record that the target lacks further on makes every position before it wrong', () => {
  const lacking = log(record(0, 'a'), record(1, 'b'), record(2, 'c'), record(6, 'e'))
  const verdict = judgePositions({ source, target: lacking }, [pair(1, 1), pair(4, 2), pair(6, 6)])
  expect(verdict).toMatchObject({ checked: 3, wrong: 2 })
})
