import { expect, test } from 'vitest'
import { defineFaults, mayPass } from '../../../src/core/index.ts'

const faults = defineFaults({
  PASSING: { message: 'a moment', remedy: 'wait', retriable: true, status: 503 },
  LASTING: { message: 'no', remedy: 'change something', retriable: false, status: 502 },
})

test('a retriable fault may pass, an answer may not', () => {
  expect(mayPass(faults.fault('PASSING'))).toBe(true)
  expect(mayPass(faults.fault('LASTING'))).toBe(false)
})

test('a peer that only hung up has given no answer', () => {
  expect(mayPass(faults.fault('LASTING', { hungUp: true }))).toBe(true)
})
