import { describeError, unreachable } from '../core/index.ts'
import type { Expectation, Operand, Operator, Path, PathStep } from './runbook.ts'

/** What a command came to. */
export interface CommandOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Finding {
  /** As the runbook has it. */
  readonly expected: string
  readonly holds: boolean
  /** What was there instead; '' where it holds. */
  readonly found: string
}

export interface Verdict {
  readonly findings: readonly Finding[]
  /** What is kept for later blocks. */
  readonly saved: Readonly<Record<string, string>>
}

const SHOWN_MOST = 200
const NOTHING = 'there is nothing there'

/**
 * Whether an outcome is as expected. Pure. A path that leads nowhere holds nothing: a check of what is not there must not
 * look like one that found it well.
 */
export function judge(
  expectations: readonly Expectation[],
  outcome: CommandOutcome,
  values: Readonly<Record<string, string>>,
): Verdict {
  let body: { readonly value: unknown } | { readonly problem: string } | undefined
  const json = () => (body ??= parseBody(outcome.stdout))
  const saved: Record<string, string> = {}
  const findings = expectations.map((expectation): Finding => {
    const found = judgeOne(expectation, { outcome, json, values, saved })
    return { expected: expectation.text, holds: found === undefined, found: found ?? '' }
  })
  return { findings, saved }
}

interface Context {
  readonly outcome: CommandOutcome
  json(): { readonly value: unknown } | { readonly problem: string }
  readonly values: Readonly<Record<string, string>>
  readonly saved: Record<string, string>
}

/** What was there instead; undefined where it holds. */
function judgeOne(expectation: Expectation, context: Context): string | undefined {
  const { outcome } = context
  switch (expectation.kind) {
    case 'exit':
      return expectation.codes.includes(outcome.exitCode) ? undefined : `exit ${outcome.exitCode}`
    case 'contains': {
      const has = `${outcome.stdout}\n${outcome.stderr}`.includes(expectation.needle)
      return has === expectation.isNegated ? (has ? 'it is there' : 'it is not there') : undefined
    }
    case 'compare':
    case 'count':
    case 'save': {
      const body = context.json()
      return 'problem' in body ? body.problem : judgeBody(expectation, body.value, context)
    }
    default:
      return unreachable(expectation)
  }
}

function judgeBody(
  expectation: Exclude<Expectation, { readonly kind: 'exit' | 'contains' }>,
  body: unknown,
  { values, saved }: Context,
): string | undefined {
  const found = valuesAt(body, expectation.path, values)
  const [first] = found
  if (expectation.kind === 'save') {
    if (first === undefined || first === null) return NOTHING
    const text = typeof first === 'string' ? first : JSON.stringify(first)
    // It becomes an argument, and never an option.
    if (text.startsWith('-')) return `${text} begins as an option does`
    saved[expectation.name] = text
    return undefined
  }
  const compared = expectation.kind === 'count' ? [found.length] : found
  const wanted = resolveOperand(expectation.value, values)
  const wrong = compared.filter((value) => !compare(value, expectation.operator, wanted))
  if (compared.length === 0) return NOTHING
  return wrong.length === 0 ? undefined : show(wrong)
}

function parseBody(stdout: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(stdout) as unknown }
  } catch (error) {
    return { problem: `the answer is no JSON: ${describeError(error).slice(0, SHOWN_MOST)}` }
  }
}

function valuesAt(root: unknown, path: Path, values: Readonly<Record<string, string>>): unknown[] {
  let at: unknown[] = [root]
  for (const step of path) at = at.flatMap((value) => take(value, step, values))
  return at
}

function take(value: unknown, step: PathStep, values: Readonly<Record<string, string>>): unknown[] {
  switch (step.kind) {
    case 'key':
      return isRecord(value) && Object.hasOwn(value, step.key) ? [value[step.key]] : []
    case 'index':
      return Array.isArray(value) && step.index < value.length ? [value[step.index]] : []
    case 'all':
      return Array.isArray(value) ? (value as unknown[]) : []
    case 'where': {
      if (!Array.isArray(value)) return []
      const wanted = step.values.map((operand) => resolveOperand(operand, values))
      return value.filter((one) => isRecord(one) && wanted.some((it) => compare(one[step.key], '==', it)))
    }
    default:
      return unreachable(step)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a parameter holds is a text; beside a number it counts as one. */
function resolveOperand(operand: Operand, values: Readonly<Record<string, string>>): unknown {
  return 'param' in operand ? values[operand.param] : operand.value
}

function compare(left: unknown, operator: Operator, right: unknown): boolean {
  const [a, b] =
    typeof left === 'number' && typeof right === 'string' && right !== '' ? [left, Number(right)] : [left, right]
  if (operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (typeof a !== 'number' || typeof b !== 'number') return false
  return { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[operator]
}

function show(values: readonly unknown[]): string {
  return values
    .map((value) => JSON.stringify(value))
    .join(', ')
    .slice(0, SHOWN_MOST)
}
