import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  countTrial,
  countVitest,
  demandAll,
  describeCounts,
  hasFigures,
  listFailed,
  listFailedFiles,
  listSkipped,
  readCounts,
  takeSecond,
} from '../../../bin/counts.js'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-counts-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function writeReport(report: unknown): string {
  const path = join(folder, 'report.json')
  writeFileSync(path, typeof report === 'string' ? report : JSON.stringify(report))
  return path
}

const clean = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [] }

test('a vitest report gives its counts', () => {
  expect(countVitest(writeReport(clean), 0)).toEqual({ passed: 3, failed: 0, skipped: 1 })
})

test('a runner that left no report has failed', () => {
  expect(countVitest(join(folder, 'nowhere.json'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('a runner that was cut off while it wrote has failed', () => {
  expect(countVitest(writeReport('{"numPassed'), 0).failed).toBe(1)
})

test('a bad exit code is a failure even where every test passed', () => {
  expect(countVitest(writeReport(clean), 1)).toEqual({ passed: 3, failed: 1, skipped: 1 })
  expect(countVitest(writeReport(clean), undefined).failed).toBe(1)
})

test('a file that does not load is a failure', () => {
  const broken = { ...clean, testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [] }] }
  expect(countVitest(writeReport(broken), 1).failed).toBe(1)
})

test('skipped tests are listed by file', () => {
  const assertionResults = [{ status: 'passed' }, { status: 'skipped' }, { status: 'pending' }]
  const report = { ...clean, testResults: [{ name: '/clone/test/a.test.ts', status: 'passed', assertionResults }] }
  expect(listSkipped(writeReport(report), '/clone')).toEqual(['test/a.test.ts: 2 tests'])
})

test('failed tests and files are listed with the first lines of their messages', () => {
  const failureMessages = [Array.from({ length: 99 }, (_, at) => `line ${at}`).join('\n')]
  const assertionResults = [{ status: 'passed' }, { status: 'failed', fullName: 'a flow waits', failureMessages }]
  const testResults = [
    { name: '/clone/test/a.test.ts', status: 'failed', assertionResults },
    { name: '/clone/test/b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
  ]
  const [test, file] = listFailed(writeReport({ ...clean, testResults }), '/clone')
  expect(test).toMatch(/^test\/a\.test\.ts > a flow waits\nline 0\n[^]*line 24$/u)
  expect(file).toBe('test/b.test.ts\nno such module')
})

test('of files that ran twice, the second run counts', () => {
  const testResults = [
    { name: '/clone/test/a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'passed' }] },
    { name: '/clone/test/b.test.ts', status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
    { name: '/clone/test/c.test.ts', status: 'failed', assertionResults: [] },
  ]
  const path = writeReport({ ...clean, numPassedTests: 3, numFailedTests: 1, numPendingTests: 0, testResults })
  const failedFiles = listFailedFiles(path, '/clone')
  expect(failedFiles.map(({ file }) => file)).toEqual(['test/b.test.ts', 'test/c.test.ts'])
  const first = countVitest(path, 1)
  expect(first).toEqual({ passed: 3, failed: 2, skipped: 0 })
  expect(takeSecond(first, failedFiles, { passed: 2, failed: 1, skipped: 0 })).toEqual({
    passed: 4,
    failed: 1,
    skipped: 0,
  })
})

test('a trial that came to no figures said nothing of the product', () => {
  expect(hasFigures('table\n{"lost":1,"trial":"a","ok":false}\n')).toBe(true)
  expect(hasFigures('{"trial":"a","ok":false,"problems":["no broker"]}\n')).toBe(false)
  expect(hasFigures('Error: no broker\n')).toBe(false)
})

test('a trial passes only with an ok verdict and a good exit code', () => {
  expect(countTrial('table\n{"trial":"a","ok":true}\n', 0).passed).toBe(1)
  expect(countTrial('table\n{"trial":"a","ok":true}\n', 1).failed).toBe(1)
  expect(countTrial('table\n{"trial":"a","ok":false}\n', 0).failed).toBe(1)
  expect(countTrial('', 0).failed).toBe(1)
})

test('what was skipped has failed where nothing may be left out', () => {
  expect(demandAll({ passed: 2, failed: 1, skipped: 3 })).toEqual({ passed: 2, failed: 4, skipped: 0 })
})

test('counts read like the last line of a run', () => {
  expect(describeCounts({ passed: 2, failed: 0, skipped: 0 })).toBe('2 passed, 0 failed')
  expect(describeCounts({ passed: 2, failed: 1, skipped: 3 })).toBe('2 passed, 1 failed, 3 skipped')
})

test('counts that another command left incomplete are not taken', () => {
  expect(readCounts(writeReport({ passed: 2, failed: 0 }))).toBeUndefined()
  expect(readCounts(writeReport({ passed: 2, failed: 0, skipped: 0 }))).toEqual({ passed: 2, failed: 0, skipped: 0 })
})
