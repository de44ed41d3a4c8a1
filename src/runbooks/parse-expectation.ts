import { type Expectation, OPERATORS, type Operand, type Operator, type Path, type PathStep } from './runbook.ts'

/**
 * One line of an `expect` block. Pure.
 *
 * ```text
 * exit 0                                        or: exit 0, 6
 * contains "running"                            not contains "stopped"
 * $.links[?link==$link].state == "running"      every value there, at least one
 * count $.incidents[*] == 0
 * save operation = $.groups[0].operation.id
 * ```
 */
export function parseExpectation(text: string, line: number): Expectation | string {
  const at = { line, text }
  const exit = /^exit (\d+(?:, ?\d+)*)$/.exec(text)?.[1]
  if (exit !== undefined) return { ...at, kind: 'exit', codes: exit.split(',').map(Number) }
  const contains = /^(not )?contains (".*")$/.exec(text)
  if (contains !== null) {
    const needle = parseJson(contains[2] ?? '')
    if (typeof needle !== 'string') return 'what it contains is no text in quotes'
    return { ...at, kind: 'contains', needle, isNegated: contains[1] !== undefined }
  }
  const saved = /^save ([a-zA-Z]\w*) = (\$.+)$/.exec(text)
  if (saved !== null) {
    const path = parsePath(saved[2] ?? '')
    return typeof path === 'string' ? path : { ...at, kind: 'save', name: saved[1] ?? '', path }
  }
  return parseComparison(text, at)
}

function parseComparison(text: string, at: { line: number; text: string }): Expectation | string {
  const [, counted, left = '', operator = '', right = ''] = /^(count )?(\$.*?) (==|!=|<=|>=|<|>) (.+)$/.exec(text) ?? []
  if (!isOperator(operator)) return 'it is none of exit, contains, not contains, count, save, or a comparison'
  const path = parsePath(left)
  if (typeof path === 'string') return path
  const value = parseOperand(right)
  if (value === undefined) return `${right} is neither JSON nor a parameter`
  return { ...at, kind: counted === undefined ? 'compare' : 'count', path, operator, value }
}

function isOperator(text: string): text is Operator {
  return OPERATORS.some((one) => one === text)
}

const STEP = /\.([A-Za-z_]\w*)|\[(\d+)\]|\[(\*)\]|\[\?([A-Za-z_]\w*)==([^\]]+)\]/y

/** `$`, then `.key`, `[0]`, `[*]`, `[?key==value]` and `[?key=="one","other"]`; or a sentence about what is wrong. */
function parsePath(text: string): Path | string {
  const steps: PathStep[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const from = STEP.lastIndex
    const found = STEP.exec(text)
    if (found === null) return `the path is not clear at ${text.slice(from)}`
    const [, key, index, all, where, value = ''] = found
    if (key !== undefined) steps.push({ kind: 'key', key })
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) })
    else if (all !== undefined) steps.push({ kind: 'all' })
    else {
      const operands = parseOperands(value)
      if (operands === undefined) return `${value} is neither JSON nor a parameter`
      steps.push({ kind: 'where', key: where ?? '', values: operands })
    }
  }
  return steps
}

function parseOperands(text: string): readonly Operand[] | undefined {
  const one = parseOperand(text)
  if (one !== undefined) return [one]
  const several = parseJson(`[${text}]`)
  return Array.isArray(several) ? several.map((value: unknown) => ({ value })) : undefined
}

function parseOperand(text: string): Operand | undefined {
  const param = /^\$([a-zA-Z]\w*)$/.exec(text)?.[1]
  if (param !== undefined) return { param }
  const value = parseJson(text)
  return value === undefined ? undefined : { value }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Parameters that an expectation reads. */
export function paramsOfExpectation(expectation: Expectation): string[] {
  const operands = [
    ...('path' in expectation ? expectation.path.flatMap((step) => (step.kind === 'where' ? step.values : [])) : []),
    ...('value' in expectation ? [expectation.value] : []),
  ]
  return operands.flatMap((operand) => ('param' in operand ? [operand.param] : []))
}
