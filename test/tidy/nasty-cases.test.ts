import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, root } from './sources.ts'

const CASES = 30
const page = readText('test/nasty-cases.md')
const rows = page
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('every nasty case has a row, in order', () => {
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: CASES }, (_, index) => index + 1))
})

test('every nasty case is shown by a file and has a result, or says why not', () => {
  const unexplained = rows.filter(([, , , shownBy = '', result = '']) => {
    if (/^not (built|shown) yet: /.test(shownBy)) return false
    return !shownBy.includes('`test/') || result === ''
  })
  expect(unexplained).toEqual([])
})

test('the files that show nasty cases exist', () => {
  const named = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('no nasty case waits for a trial that is there', () => {
  const awaited = [...page.matchAll(/not shown yet: the trial `([^`]+)`/g)].map(([, name = '']) => name)
  expect(awaited.filter((name) => existsSync(join(root, 'test', 'trials', `${name}.ts`)))).toEqual([])
})
