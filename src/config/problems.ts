/**
 * A problem names the line, the path, the rule that is broken and what to do. All problems of a file are collected
 * and shown together. A value is only ever shown where its schema does not hold a secret.
 */
export type Path = readonly (string | number)[]

export interface Problem {
  /** A warning does not keep the process from starting. */
  readonly severity: 'error' | 'warning'
  /** Undefined for the configuration file itself. */
  readonly file?: string
  /** Such as `regions[1].bootstrap`; empty for the file as a whole. */
  readonly path: string
  /** Line in the file, from 1; null where there is none. */
  readonly line: number | null
  /** What is wrong, such as `empty`. */
  readonly rule: string
  /** What to do, such as `give at least one host:port`. */
  readonly remedy: string
}

/** Collects problems; rules report by path and the line is found by the collector. */
export interface ProblemCollector {
  readonly problems: readonly Problem[]
  readonly hasErrors: boolean
  error(path: Path, rule: string, remedy: string): void
  warn(path: Path, rule: string, remedy: string): void
}

export function collectProblems(lineOf: (path: Path) => number | null): ProblemCollector {
  const problems: Problem[] = []
  const add = (severity: Problem['severity'], path: Path, rule: string, remedy: string) => {
    problems.push({ severity, path: formatPath(path), line: lineOf(path), rule, remedy })
  }
  return {
    problems,
    get hasErrors() {
      return problems.some((problem) => problem.severity === 'error')
    },
    error: (path, rule, remedy) => add('error', path, rule, remedy),
    warn: (path, rule, remedy) => add('warning', path, rule, remedy),
  }
}

/** In the order of the file. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || a.path.localeCompare(b.path),
  )
}

/** Such as `line 12: regions[1].bootstrap: empty; give at least one host:port`. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file ?? '', problem.line === null ? '' : `line ${problem.line}`].filter((part) => part !== '')
  const where = [place.join(' '), problem.path].filter((part) => part !== '')
  const what = `${problem.rule}; ${problem.remedy}`
  return [...(problem.severity === 'warning' ? ['warning'] : []), ...where, what].join(': ')
}

export function formatPath(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('')
}

/** The candidate that `text` was probably meant to be, if one is near enough. */
export function closest(text: string, candidates: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(text.length / 3))
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase())
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { candidate, distance }
  }
  return best?.candidate
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
