/**
 * The parts of a check and of a whole test run: what each starts, how long it may take, and how its result is counted.
 * A part has a name, the requirement without which it cannot run, whether nothing else may run beside it (`isAlone`), and
 * `run`, which resolves with { counts, seconds, output }.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from './bounded-process.js'
import {
  countExitCode,
  countTrial,
  countVitest,
  hasFigures,
  listFailed,
  listFailedFiles,
  listSkipped,
  takeSecond,
} from './counts.js'
import { environmentFor, nodeFlags, root } from './node.js'

const MINUTE_MS = 60_000

/** More failed files than this are no accident, and are not run again. */
const SECOND_ATTEMPTS_MAX = 5

/** The kinds of tests, each a folder of test/ and a project of vitest, in the order in which they run. */
const PROJECTS = [
  { name: 'unit', limitMs: 5 * MINUTE_MS, inCheck: true },
  { name: 'tidy', limitMs: 5 * MINUTE_MS, inCheck: true },
  { name: 'simulation', limitMs: 10 * MINUTE_MS },
  { name: 'component', limitMs: 20 * MINUTE_MS, mayStarve: true },
  { name: 'integration', limitMs: 60 * MINUTE_MS, needs: 'regions', mayStarve: true },
  { name: 'e2e', limitMs: 30 * MINUTE_MS, needs: 'regions', mayStarve: true },
]

const TOOLS = [
  { name: 'lint', args: ['node_modules/oxlint/bin/oxlint', '--deny-warnings', '--type-aware'] },
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  { name: 'console types', args: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'src/console'] },
  { name: 'dead code', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: 'format', args: ['node_modules/@biomejs/biome/bin/biome', 'format', '.'] },
]

/** Types, lint, format, dead code, tidy and unit tests; the longest first. */
export function checkParts(node) {
  const tools = TOOLS.map((tool) => toolPart(node, tool))
  return [...tools, ...PROJECTS.filter(({ inCheck }) => inCheck).flatMap((project) => projectParts(node, project, []))]
}

/** The tests that need more than the check has. */
export function longParts(node) {
  return PROJECTS.filter(({ inCheck }) => !inCheck).flatMap((project) => projectParts(node, project, []))
}

/** Every kind of test that has files whose path contains one of the filters. */
export function filteredParts(node, filters) {
  return PROJECTS.flatMap((project) => projectParts(node, project, filters))
}

/** Every trial in its short form. */
export async function trialParts(node) {
  if (!existsSync(join(root, 'test', 'trials', 'run.ts'))) return []
  const listed = await runNode(node, ['test/trials/run.ts', '--list', '--json'], MINUTE_MS)
  if (listed.code !== 0) return [{ name: 'trials', run: async () => ({ ...listed, counts: countExitCode(1) }) }]
  return JSON.parse(listed.stdout).map(({ name, needs, isAlone }) => ({
    name: `trial ${name}`,
    size: 1,
    needs,
    isAlone,
    async run() {
      const run = () => runNode(node, ['test/trials/run.ts', name, '--short'], 8 * MINUTE_MS)
      const first = await run()
      // What it said of the product stands. Without that, something else went wrong: a broker did not start, time ran out.
      const result = hasFigures(first.stdout) ? first : await run()
      const unsteady = result === first ? [] : [`${name}\n${lastLines(first.output)}`]
      return { ...result, unsteady, counts: countTrial(result.stdout, result.code) }
    },
  }))
}

function toolPart(node, { name, args }) {
  return {
    name,
    size: 1,
    async run() {
      const result = await runNode(node, args, 5 * MINUTE_MS)
      return { ...result, counts: countExitCode(result.code) }
    },
  }
}

/** One part, or none where the kind has no file that passes the filters. */
function projectParts(node, { name, limitMs, needs, mayStarve }, filters) {
  const files = testFiles(`test/${name}`).filter(
    (file) => filters.length === 0 || filters.some((it) => file.includes(it)),
  )
  if (files.length === 0) return []
  const run = (only) => runProject(node, name, only, limitMs)
  return [{ name, size: files.length, needs, run: () => (mayStarve ? runTwice(run, filters) : run(filters)) }]
}

/**
 * Tests that start processes and wait for them (`mayStarve`): a file that failed runs a second time, and the part names
 * what passed only then. What fails twice has failed.
 */
async function runTwice(run, filters) {
  const first = await run(filters)
  const { failedFiles } = first
  if (failedFiles.length === 0 || failedFiles.length > SECOND_ATTEMPTS_MAX) return first
  const second = await run(failedFiles.map(({ file }) => file))
  return {
    ...second,
    seconds: first.seconds + second.seconds,
    counts: takeSecond(first.counts, failedFiles, second.counts),
    skippedIn: [...new Set([...first.skippedIn, ...second.skippedIn])],
    unsteady: first.failedIn,
  }
}

async function runProject(node, name, filters, limitMs) {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-test-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', name, ...reporters, ...filters]
    const result = await runNode(node, args, limitMs)
    return {
      ...result,
      counts: countVitest(report, result.code),
      failedFiles: listFailedFiles(report, root),
      failedIn: listFailed(report, root),
      skippedIn: listSkipped(report, root),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runNode(node, args, limitMs) {
  const env = environmentFor(node)
  const result = await runBounded(node, [...nodeFlags, ...args], { cwd: root, env, limitMs })
  if (!result.timedOut) return result
  return { ...result, output: `${result.output}\nended after its limit of ${limitMs / 1000} s\n` }
}

function lastLines(text) {
  return text.trimEnd().split('\n').slice(-10).join('\n')
}

function testFiles(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true })
    .map((path) => `${folder}/${path}`)
    .filter((path) => path.endsWith('.test.ts'))
}
