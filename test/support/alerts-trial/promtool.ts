import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPromtool } from '../../../bin/prerequisites.js'
import { stringify } from 'yaml'
import type { InputSeries } from './series.ts'

/** A question about the alerts at a minute, and the answer that is expected. */
export interface Question {
  readonly name: string
  readonly minute: number
  /** Of ALERTS, the series that Prometheus writes of alerts itself. */
  readonly matchers: string
  readonly isFiring: boolean
}

export interface RuleTest {
  readonly series: readonly InputSeries[]
  readonly questions: readonly Question[]
}

/** Has promtool evaluate the rules; the names of the questions that were answered otherwise. */
export async function testRules(
  rules: string,
  tests: readonly RuleTest[],
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<{ readonly wrong: ReadonlySet<string>; readonly output: string }> {
  const { program } = await findPromtool()
  if (program === undefined) throw new Error('promtool is not there')
  const file = join(folder, 'alerts-test.yaml')
  const content = {
    rule_files: [rules],
    evaluation_interval: '1m',
    tests: tests.map(({ series, questions }) => ({
      interval: '1m',
      input_series: series,
      promql_expr_test: questions.map((question) => ({
        expr: exprOf(question),
        eval_time: `${question.minute}m`,
        exp_samples: [{ labels: '{}', value: Number(question.isFiring) }],
      })),
    })),
  }
  await writeFile(file, stringify(content, { aliasDuplicateObjects: false }))
  const { code, output } = await run(program, ['test', 'rules', file], signal)
  const all = tests.flatMap(({ questions }) => questions)
  const wrong = new Set(all.filter(({ name }) => output.includes(markOf(name))).map(({ name }) => name))
  if (code !== 0 && wrong.size === 0) throw new Error(`promtool: ${output.slice(0, 4_000)}`)
  return { wrong, output }
}

/** The name stands in the expression, so that what promtool prints of a wrong answer tells which it is. */
function exprOf({ name, matchers }: Question): string {
  return `(count(ALERTS{alertstate="firing",alertname!="${markOf(name)}"${matchers}}) > bool 0) or vector(0)`
}

function markOf(name: string): string {
  return `question ${name};`
}

function run(program: string, args: readonly string[], signal: AbortSignal) {
  return new Promise<{ code: number; output: string }>((resolve, reject) => {
    execFile(program, [...args], { signal, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return reject(error)
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}
