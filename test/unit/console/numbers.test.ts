import { expect, test } from 'vitest'
import { commandOf } from '../../../src/console/words/command.ts'
import { ago, bytes, count, duration } from '../../../src/console/words/numbers.ts'

test('what is not known is never shown as a number', () => {
  expect([count(null), duration(undefined)]).toEqual(['unknown', 'unknown'])
})

test.each([
  [0.42, '0.4 s'],
  [59.7, '60 s'],
  [185, '3 min 5 s'],
  [7_200, '2 h'],
  [270_000, '3 d 3 h'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words)
})

test('ages and sizes are in words', () => {
  expect([ago(0.9), ago(5.8), ago(3_700)]).toEqual(['just now', '5 s ago', '1 h 1 min ago'])
  expect([bytes(512), bytes(1_536), bytes(5 * 1024 ** 3)]).toEqual(['512 B', '1.5 KiB', '5.0 GiB'])
})

test('a command that is copied means what it says, whatever a name holds', () => {
  expect(commandOf('failover', 'orders', '--reason', "it's $(gone)")).toBe(
    `isthmus failover orders --reason 'it'\\''s $(gone)'`,
  )
})
