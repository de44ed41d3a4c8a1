import { expect, test } from 'vitest'
import { judgePositions } from '../../../src/canary/judge-positions.ts'

const refs = [0, 1].map((partition) => ({ topic: 'orders', topicId: 'id', partition }))
const starts = new Map([
  ['orders-0', { offset: 10 }],
  ['orders-1', { offset: 0 }],
])
const ends = new Map([
  ['orders-0', { offset: 20 }],
  ['orders-1', { offset: 5 }],
])

function judge(positions: readonly (readonly [group: string, partition: number, offset: number])[]) {
  const offsets = positions.map(([groupId, partition, offset]) => ({
    groupId,
    errorCode: 0,
    positions: [{ topic: 'orders', partition, offset, leaderEpoch: -1, metadata: '', errorCode: 0 }],
  }))
  return judgePositions({ refs, starts, ends, offsets })
}

test('positions from the start to the end of a log are right, both included', () => {
  expect(
    judge([
      ['app', 0, 10],
      ['app', 0, 20],
      ['app', 1, 5],
    ]),
  ).toMatchObject({ tried: 3, wrong: [] })
})

test('one below the log or beyond it is wrong, and nothing is read from there', () => {
  const { tried, wrong, begin } = judge([
    ['late', 0, 9],
    ['early', 1, 6],
    ['app', 0, 15],
  ])
  expect(tried).toBe(3)
  expect(wrong).toEqual([
    'late orders-0: 9 lies below the log, which starts at 10',
    'early orders-1: 6 lies beyond the log, which ends at 5',
  ])
  expect([...begin]).toEqual([
    ['orders-0', 15],
    ['orders-1', 0],
  ])
})

test('reading begins at the lowest position of any group', () => {
  const { begin } = judge([
    ['app', 0, 18],
    ['report', 0, 12],
  ])
  expect(begin.get('orders-0')).toBe(12)
})

test('a group whose positions are not told is wrong, and other topics are not looked at', () => {
  const other = [{ topic: 'else', partition: 0, offset: 99, leaderEpoch: -1, metadata: '', errorCode: 0 }]
  const offsets = [
    { groupId: 'hidden', errorCode: 30, positions: [] },
    { groupId: 'app', errorCode: 0, positions: other },
  ]
  expect(judgePositions({ refs, starts, ends, offsets })).toMatchObject({
    tried: 0,
    wrong: ['hidden: its positions are not told (GROUP_AUTHORIZATION_FAILED)'],
  })
})
