import { describe, expect, test } from 'vitest'
import type { ReadNote, WriteNote } from '../../../support/failover-trial/app-notes.ts'
import {
  countCopiedAgain,
  countIdentical,
  judgeLog,
  judgeReads,
  type StoredRecord,
} from '../../../support/failover-trial/oracle.ts'

const TOPIC = 'orders.plain'
const note = (number: number, more: Partial<WriteNote> = {}): WriteNote => ({
  verdict: 'kept',
  writer: 'plain',
  region: 'alpha',
  topic: TOPIC,
  partition: 0,
  offset: number,
  id: `plain-${number}`,
  key: `plain-${number}`,
  sentMs: number,
  answeredMs: number + 1,
  ...more,
})
const notes = (count: number) => Array.from({ length: count }, (_, number) => note(number))
const stored = (...numbers: number[]): StoredRecord[] =>
  numbers.map((number, offset) => ({ id: `plain-${number}`, key: `plain-${number}`, offset }))
const log = (...numbers: number[]) => new Map([[`${TOPIC}/0`, stored(...numbers)]])
const never = () => false
const CLEAN = { lost: 0, repeated: 0, reordered: 0, unwritten: 0 }

describe('what is on the active region', () => {
  test('is right when every acknowledged record is there once and in order', () => {
    expect(judgeLog(notes(4), log(0, 1, 2, 3), never)).toEqual({ ...CLEAN, compared: 4 })
  })
  test('lacks a record', () => {
    expect(judgeLog(notes(4), log(0, 1, 3), never)).toMatchObject({ ...CLEAN, lost: 1 })
  })
  test('lacks a whole partition', () => {
    expect(judgeLog(notes(4), new Map(), never)).toMatchObject({ ...CLEAN, lost: 4 })
  })
  test('has a record twice', () => {
    expect(judgeLog(notes(3), log(0, 1, 2, 1), never)).toMatchObject({ ...CLEAN, repeated: 1 })
  })
  test('has two records the other way round', () => {
    expect(judgeLog(notes(4), log(0, 2, 1, 3), never)).toMatchObject({ ...CLEAN, reordered: 1 })
  })
  test('has a record that nobody wrote', () => {
    expect(judgeLog(notes(2), log(0, 1, 7), never)).toMatchObject({ ...CLEAN, unwritten: 1 })
  })
  test.each(['aborted', 'refused'] as const)('has a record that was %s', (verdict) => {
    expect(judgeLog([note(0), note(1, { verdict })], log(0, 1), never)).toMatchObject({ ...CLEAN, unwritten: 1 })
    expect(judgeLog([note(0), note(1, { verdict })], log(0), never)).toMatchObject(CLEAN)
  })
  test('may have a record of unclear fate, once', () => {
    const writes = [note(0), note(1, { verdict: 'unclear' }), note(2)]
    expect(judgeLog(writes, log(0, 2), never)).toMatchObject(CLEAN)
    expect(judgeLog(writes, log(0, 1, 2), never)).toMatchObject(CLEAN)
    expect(judgeLog(writes, log(0, 1, 1, 2), never)).toMatchObject({ ...CLEAN, repeated: 1 })
  })
})

describe('a compacted topic', () => {
  const keyed = (number: number, key: string) => note(number, { key })
  const writes = [keyed(0, 'a'), keyed(1, 'b'), keyed(2, 'a')]
  const kept = (...numbers: number[]) =>
    new Map([
      [`${TOPIC}/0`, numbers.map((number) => ({ id: `plain-${number}`, key: 'ab'[number % 2] ?? '', offset: number }))],
    ])

  test('may lack what has a later value', () => {
    expect(judgeLog(writes, kept(1, 2), () => true)).toMatchObject(CLEAN)
  })
  test('must not lack the latest value, also where an older one is there', () => {
    expect(judgeLog(writes, kept(0, 1), () => true)).toMatchObject({ ...CLEAN, lost: 1 })
    expect(judgeLog(writes, kept(2), () => true)).toMatchObject({ ...CLEAN, lost: 1 })
  })
})

test('records that are copied a second time are counted', () => {
  expect(countCopiedAgain(log(0, 1, 2))).toBe(0)
  expect(countCopiedAgain(log(0, 1, 2, 1, 2))).toBe(2)
})

test('offsets are identical only where every record has the same in all regions', () => {
  const shifted = new Map([[`${TOPIC}/0`, stored(0, 1).map((record) => ({ ...record, offset: record.offset + 1 }))]])
  expect(countIdentical([log(0, 1), log(0, 1)])).toEqual({ equal: 1, total: 1 })
  expect(countIdentical([log(0, 1), log(0, 1), shifted])).toEqual({ equal: 0, total: 1 })
})

describe('what groups have read', () => {
  const read = (number: number, more: Partial<ReadNote> = {}): ReadNote => ({
    verdict: 'read',
    group: 'readers',
    region: 'alpha',
    topic: TOPIC,
    partition: 0,
    offset: number,
    id: `plain-${number}`,
    ...more,
  })
  const judge = (reads: readonly ReadNote[], groups = ['readers']) =>
    judgeReads({
      writes: notes(3),
      reads,
      topics: new Map(groups.map((group) => [group, [TOPIC]])),
      isCompacted: never,
    })

  test('is everything, once', () => {
    expect(judge([read(0), read(1), read(2)])).toEqual({ read: 3, reread: 0, skipped: 0 })
  })
  test('lacks a record', () => {
    expect(judge([read(0), read(2)])).toEqual({ read: 2, reread: 0, skipped: 1 })
  })
  test('has a record twice', () => {
    expect(judge([read(0), read(1), read(1, { region: 'beta' }), read(2)])).toMatchObject({ reread: 1, skipped: 0 })
  })
  test('is asked of each group', () => {
    expect(judge([read(0), read(1), read(2)], ['readers', 'idle'])).toMatchObject({ skipped: 3 })
  })
  test('may be met again behind a commit of unclear fate', () => {
    expect(judge([read(0), read(1, { verdict: 'unclear' }), read(1), read(2)])).toMatchObject({ reread: 0, skipped: 0 })
  })
})
