import { describe, expect, test } from 'vitest'
import { judgeStream, type SeenStream } from '../../../src/canary/judge-stream.ts'
import { regionName } from '../../../src/core/index.ts'

const [eu, us] = [regionName('eu'), regionName('us')]

/** Records 0 to 3 into one region, and what is said otherwise. */
function seen(changes: Partial<SeenStream> = {}): SeenStream {
  const numbers = [0, 1, 2, 3]
  return {
    attempted: 4,
    acknowledged: new Map(numbers.map((number) => [number, { leg: 0, answeredMs: 100 + number * 50 }])),
    refused: new Map(),
    unknown: 0,
    overlaps: 0,
    legs: [eu],
    reads: new Map(numbers.map((number) => [number, { atMs: 110 + number * 50, times: 1 }])),
    ...changes,
  }
}

function log(...partitions: readonly (readonly number[])[]) {
  return { numbers: new Map(partitions.map((numbers, partition) => [partition, numbers])), damaged: 0 }
}

const CLEAN = { lost: 0, lostSpanMs: 0, repeated: 0, reordered: 0, damaged: 0, overlaps: 0, readAgain: 0, unread: 0 }

describe('what is in the log', () => {
  test('as it was acknowledged is clean', () => {
    expect(judgeStream(seen(), log([0, 2], [1, 3]))).toMatchObject({ ...CLEAN, attempted: 4, acknowledged: 4 })
  })

  test('and lacks acknowledged records has lost them, over the time in which they were acknowledged', () => {
    expect(judgeStream(seen(), log([0]))).toMatchObject({ ...CLEAN, lost: 3, lostSpanMs: 100 })
  })

  test('twice is repeated, as often as it stands there beyond once', () => {
    expect(judgeStream(seen(), log([0, 0, 0, 1, 2], [3, 3]))).toMatchObject({ ...CLEAN, repeated: 3 })
  })

  test('behind a later one of its partition is reordered', () => {
    expect(judgeStream(seen(), log([1, 0, 2, 3]))).toMatchObject({ ...CLEAN, reordered: 1 })
    expect(judgeStream(seen(), log([1, 3], [0, 2]))).toMatchObject(CLEAN)
  })
})

test.each([
  ['in the log', [0, 1, 2, 3, 4]],
  ['late in the log', [4, 0, 1, 2, 3]],
  ['not in the log', [0, 1, 2, 3]],
])('a write that is unknown and %s counts as nothing else', (_what, numbers) => {
  const report = judgeStream(seen({ attempted: 5, unknown: 1 }), log(numbers))
  expect(report).toMatchObject({ ...CLEAN, attempted: 5, acknowledged: 4, unknown: 1 })
})

test('the group was given a record again, and another one never', () => {
  const reads = new Map([0, 1, 2].map((number) => [number, { atMs: 200, times: number === 1 ? 3 : 1 }]))
  expect(judgeStream(seen({ reads }), log([0, 1, 2, 3]))).toMatchObject({ ...CLEAN, readAgain: 2, unread: 1 })
})

describe('a move', () => {
  test('paused writes from the last one there to the first one here, and reads until they came behind it', () => {
    const acknowledged = new Map([
      [0, { leg: 0, answeredMs: 1_000 }],
      [1, { leg: 0, answeredMs: 1_050 }],
      [5, { leg: 1, answeredMs: 2_950 }],
      [6, { leg: 1, answeredMs: 3_000 }],
    ])
    const reads = new Map([
      [1, { atMs: 3_000, times: 1 }],
      [6, { atMs: 3_110, times: 1 }],
      [5, { atMs: 3_100, times: 1 }],
    ])
    const { moves } = judgeStream(seen({ acknowledged, reads, legs: [eu, us] }), log([0, 1, 5, 6]))
    expect(moves).toEqual([{ to: us, writePauseMs: 1_900, firstReadAfterMs: 150 }])
  })

  test('in which no write was accepted, or none was read, has no pause', () => {
    const report = judgeStream(seen({ legs: [eu, us, eu] }), log([0, 1, 2, 3]))
    expect(report.moves).toEqual([
      { to: us, writePauseMs: null, firstReadAfterMs: null },
      { to: eu, writePauseMs: null, firstReadAfterMs: null },
    ])
  })
})
