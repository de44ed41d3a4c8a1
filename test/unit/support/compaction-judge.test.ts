import { expect, test } from 'vitest'
import { isSamePlace, judgeCompacted } from '../../support/compaction-judge.ts'
import { compareLatest, countHoles } from '../../support/content-log.ts'

const record = (offset: number, digest: string) => ({ offset, timestamp: 1, digest })
const produced = new Map([['t/0', [0, 1, 2, 3, 4].map((offset) => record(offset, 'abcab'[offset] ?? ''))]])
const judge = (digests: string) =>
  judgeCompacted(produced, new Map([['t/0', digests.split('').map((digest, at) => record(at * 10, digest))]]))

test.each([
  ['abcab', { compared: 5, repeated: 0, reordered: 0, unproduced: 0 }],
  ['cab', { compared: 3, repeated: 0, reordered: 0, unproduced: 0 }],
  ['ba', { compared: 2, repeated: 0, reordered: 0, unproduced: 0 }],
  ['acb', { compared: 3, repeated: 0, reordered: 0, unproduced: 0 }],
  ['cc', { compared: 2, repeated: 1, reordered: 0, unproduced: 0 }],
  ['abcabc', { compared: 6, repeated: 1, reordered: 0, unproduced: 0 }],
  ['bbc', { compared: 3, repeated: 0, reordered: 1, unproduced: 0 }],
  ['axb', { compared: 3, repeated: 0, reordered: 0, unproduced: 1 }],
])('a copy that reads %s is judged by what was written', (digests, verdict) => {
  expect(judge(digests)).toMatchObject(verdict)
})

test('a position is at the same place where it parts the same records', () => {
  const origins = judge('bca').origins.get('t/0') ?? []
  expect(origins).toEqual([
    { source: 1, target: 0 },
    { source: 2, target: 10 },
    { source: 3, target: 20 },
  ])
  expect(isSamePlace(origins, { source: 2, target: 10 })).toBe(true)
  expect(isSamePlace(origins, { source: 2, target: 4 })).toBe(true)
  expect(isSamePlace(origins, { source: 2, target: 11 })).toBe(false)
  expect(isSamePlace(origins, { source: 3, target: 10 })).toBe(false)
})

test('the latest values are compared, tombstones left aside', () => {
  const content = (offset: number, key: string, value: string | null) => ({ ...record(offset, ''), key, value })
  const source = [content(0, 'a', '1'), content(1, 'b', '1'), content(4, 'a', '2'), content(5, 'c', null)]
  const target = [content(7, 'a', '1'), content(8, 'c', '1')]
  expect(compareLatest(new Map([['t/0', source]]), new Map([['t/0', target]]))).toEqual({
    keys: 2,
    missing: 1,
    stale: 1,
    resurrected: 1,
  })
  expect(countHoles(new Map([['t/0', source]]))).toBe(2)
})
