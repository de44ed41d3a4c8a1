import { expect, test } from 'vitest'
import { judge } from '../../../src/runbooks/judge.ts'
import { parseExpectation } from '../../../src/runbooks/parse-expectation.ts'

const body = {
  links: [
    { link: 'a', state: 'running', lagSeconds: 2.5, paused: null },
    { link: 'b', state: 'stopped', lagSeconds: null, paused: { by: 'ada' } },
  ],
  open: 0,
}

/** What is found of one line; '' where it holds. */
function found(line: string, values: Record<string, string> = {}, stdout = JSON.stringify(body), exitCode = 0): string {
  const expectation = parseExpectation(line, 1)
  if (typeof expectation === 'string') throw new Error(expectation)
  return judge([expectation], { exitCode, stdout, stderr: 'warning: slow' }, values).findings[0]?.found ?? '?'
}

test.each([
  ['exit 0', ''],
  ['exit 5, 6', 'exit 0'],
  ['contains "warning: slow"', ''],
  ['contains "nothing"', 'it is not there'],
  ['not contains "warning"', 'it is there'],
  ['$.open == 0', ''],
  ['$.links[0].state == "running"', ''],
  ['$.links[*].state == "running"', '"stopped"'],
  ['$.links[?link=="b"].paused != null', ''],
  ['$.links[?link=="a"].paused == null', ''],
  ['$.links[?link==$link].lagSeconds <= $most', ''],
  ['$.links[?link==$link].lagSeconds <= 2', '2.5'],
  ['count $.links[*] == 2', ''],
  ['count $.links[?state=="paused"] > 0', '0'],
  ['count $.links[?state=="paused","stopped"] == 1', ''],
  ['count $.links[?link=="a","b"] == 1', '2'],
])('%s', (line, says) => {
  expect(found(line, { link: 'a', most: '3' })).toBe(says)
})

test('what is not there holds nothing, however it is asked for', () => {
  expect(found('$.links[?link=="c"].state != "stopped"')).toBe('there is nothing there')
  expect(found('$.lnks[*].state == "running"')).toBe('there is nothing there')
  expect(found('$.links[?link=="b"].lagSeconds <= 60')).toBe('null')
  expect(found('save x = $.links[1].lagSeconds')).toBe('there is nothing there')
})

test('an answer that is no JSON is said to be none', () => {
  expect(found('$.open == 0', {}, 'isthmus: no answer')).toContain('the answer is no JSON')
})

test('what is saved is a text', () => {
  const expectations = ['save name = $.links[0].link', 'save lag = $.links[0].lagSeconds'].map((line) => {
    const one = parseExpectation(line, 1)
    if (typeof one === 'string') throw new Error(one)
    return one
  })
  const { saved } = judge(expectations, { exitCode: 0, stdout: JSON.stringify(body), stderr: '' }, {})
  expect(saved).toEqual({ name: 'a', lag: '2.5' })
})
