import { expect, test } from 'vitest'
import { judgeNames, type Span } from '../../support/loss-stage.ts'

const at = (...spans: [number, number][]) =>
  new Map<string, Span[]>([['t/0', spans.map(([from, to]) => ({ from, to }))]])

test('what is named exactly as it was destroyed leaves nothing open, in one piece or several', () => {
  expect(judgeNames(at([5, 9]), at([5, 7], [7, 9]))).toEqual({ destroyed: 4, named: 4, unattributed: 0 })
})

test.each([
  ['too little', at([5, 9]), at([5, 8]), 1],
  ['too much', at([5, 9]), at([4, 9]), 1],
  ['as much, but elsewhere', at([5, 9]), at([6, 10]), 2],
  ['nothing', at([5, 9]), new Map<string, Span[]>(), 4],
  ['where nothing was destroyed', new Map<string, Span[]>(), at([5, 9]), 4],
] as const)('naming %s is found', (_what, destroyed, named, unattributed) => {
  expect(judgeNames(destroyed, named).unattributed).toBe(unattributed)
})
