/**
 * How many passed, failed and were skipped: always from a runner's own report, never from its printed text.
 * A report that is missing, unreadable, or at odds with the exit code is a failure: a crash must not look like success.
 */
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const MESSAGE_LINES_MAX = 25

export const nothing = { passed: 0, failed: 0, skipped: 0 }

export function addCounts(left, right) {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  }
}

/** A tool that only has an exit code counts as one. */
export function countExitCode(code) {
  return code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 }
}

/** From vitest's JSON report. A file that fails to load holds no tests and is counted as one failure. */
export function countVitest(reportPath, code) {
  const report = readJson(reportPath)
  if (report === undefined) return { ...nothing, failed: 1 }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
  return code === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 }
}

/** `test/integration/local/jvm.test.ts: 3 tests`, one line a file that skipped tests. */
export function listSkipped(reportPath, folder) {
  return (readJson(reportPath)?.testResults ?? []).flatMap(({ name, assertionResults }) => {
    const skipped = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed').length
    return skipped > 0 ? [`${relative(folder, name)}: ${skipped} ${skipped === 1 ? 'test' : 'tests'}`] : []
  })
}

/** The files in which something failed, with what each of them counts for; none where the report is missing. */
export function listFailedFiles(reportPath, folder) {
  return (readJson(reportPath)?.testResults ?? [])
    .filter(({ status, assertionResults }) => status === 'failed' || assertionResults.some(hasFailed))
    .map(({ name, assertionResults }) => {
      const count = (wanted) => assertionResults.filter(({ status }) => status === wanted).length
      const [passed, failed] = [count('passed'), count('failed')]
      const skipped = assertionResults.length - passed - failed
      return {
        file: relative(folder, name),
        counts: { passed, failed: assertionResults.length > 0 ? failed : 1, skipped },
      }
    })
}

/** Counts of a run in which some files ran a second time: theirs are taken from the second run. */
export function takeSecond(first, failedFiles, second) {
  const others = failedFiles.reduce((left, { counts }) => subtractCounts(left, counts), first)
  return addCounts(others, second)
}

function subtractCounts(left, right) {
  return {
    passed: left.passed - right.passed,
    failed: left.failed - right.failed,
    skipped: left.skipped - right.skipped,
  }
}

function hasFailed({ status }) {
  return status === 'failed'
}

/** What failed, each with the first lines of its message: what a reader needs before the runner's whole output. */
export function listFailed(reportPath, folder) {
  return (readJson(reportPath)?.testResults ?? []).flatMap(({ name, message, status, assertionResults }) => {
    const file = relative(folder, name)
    const failed = assertionResults.filter(hasFailed)
    if (failed.length === 0) return status === 'failed' ? [`${file}\n${firstLines(message)}`] : []
    return failed.map((test) => `${file} > ${test.fullName}\n${firstLines(test.failureMessages.join('\n'))}`)
  })
}

function firstLines(text) {
  return text.split('\n').slice(0, MESSAGE_LINES_MAX).join('\n')
}

/** From the JSON object on a trial's last line. */
export function countTrial(stdout, code) {
  const ok = readLastLine(stdout)?.ok === true && code === 0
  return countExitCode(ok ? 0 : 1)
}

/** Whether a trial came to say something of the product; one that ended in an error only says so. */
export function hasFigures(stdout) {
  const { trial: _trial, ok: _ok, problems: _problems, ...figures } = readLastLine(stdout) ?? {}
  return Object.keys(figures).length > 0
}

function readLastLine(stdout) {
  return parseJson(stdout.trimEnd().split('\n').at(-1) ?? '')
}

/** `3 passed, 0 failed, 1 skipped`; skipped only where there are any. */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Where nothing may be left out, what was left out has failed. */
export function demandAll(counts) {
  return { ...counts, failed: counts.failed + counts.skipped, skipped: 0 }
}

/** Counts that an earlier command wrote; undefined where it wrote none. */
export function readCounts(path) {
  const { passed, failed, skipped } = readJson(path) ?? {}
  return [passed, failed, skipped].every(Number.isInteger) ? { passed, failed, skipped } : undefined
}

function readJson(path) {
  return existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : undefined
}

function parseJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
