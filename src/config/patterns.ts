import { compileSelection } from '../replication/index.ts'

/**
 * Algebra of the patterns that select names, for the rules about links that meet. Globs (`*` any text, `?` one
 * character) are decided exactly. Whether two regular expressions, or one and a glob, share a name is not decided:
 * the answer is then `certain: false`, and the rules warn instead of refusing.
 */
export interface PatternSelection {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** As it stands in the file, with its default filled in. */
export function selectionOf({
  include,
  exclude,
}: {
  include: string[]
  exclude?: string[] | undefined
}): PatternSelection {
  return { include, exclude: exclude ?? [] }
}

export interface Overlap {
  /** The pattern by which both take the same name. */
  readonly pattern: string
  readonly certain: boolean
}

/** How both selections may take the same name; undefined where they can't. A certain answer goes first. */
export function findOverlap(left: PatternSelection, right: PatternSelection): Overlap | undefined {
  const excluded = [...left.exclude, ...right.exclude]
  let uncertain: Overlap | undefined
  for (const a of left.include) {
    for (const b of right.include) {
      if (excluded.some((pattern) => patternCovers(pattern, a) || patternCovers(pattern, b))) continue
      const answer = patternsOverlap(a, b)
      const pattern = patternCovers(a, b) ? b : a
      if (answer === true) return { pattern, certain: true }
      if (answer === 'unknown') uncertain ??= { pattern, certain: false }
    }
  }
  return uncertain
}

/** Whether some name matches both. */
export function patternsOverlap(left: string, right: string): boolean | 'unknown' {
  if (left === '*' || right === '*' || left === right) return true
  if (isExpression(left)) return isLiteral(right) ? isMatch(left, right) : 'unknown'
  if (isExpression(right)) return isLiteral(left) ? isMatch(right, left) : 'unknown'
  return overlap(left, right)
}

/** True where every name that matches `inner` surely matches `outer`. */
export function patternCovers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true
  if (isExpression(outer)) return isLiteral(inner) && isMatch(outer, inner)
  return !isExpression(inner) && covers(outer, inner)
}

/** Written between slashes. */
export function isExpression(pattern: string): boolean {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
}

function isLiteral(pattern: string): boolean {
  return !isExpression(pattern) && !/[*?]/.test(pattern)
}

function isMatch(expression: string, name: string): boolean {
  return compileSelection({ include: [expression], exclude: [] })(name)
}

function overlap(left: string, right: string): boolean {
  return table(left.length, right.length, (i, j, at) => {
    if (i === left.length && j === right.length) return true
    const a = left[i]
    const b = right[j]
    if (a === '*') return at(i + 1, j) || (j < right.length && at(i, j + 1))
    if (b === '*') return at(i, j + 1) || (i < left.length && at(i + 1, j))
    if (a === undefined || b === undefined) return false
    return (a === b || a === '?' || b === '?') && at(i + 1, j + 1)
  })
}

function covers(outer: string, within: string): boolean {
  return table(outer.length, within.length, (i, j, at) => {
    if (i === outer.length && j === within.length) return true
    const a = outer[i]
    const b = within[j]
    if (a === '*') return at(i + 1, j) || (j < within.length && at(i, j + 1))
    if (a === undefined || b === undefined || b === '*') return false
    return (a === '?' || a === b) && at(i + 1, j + 1)
  })
}

/** Answers of a recursion over two positions, each worked out once. */
function table(
  rows: number,
  columns: number,
  decide: (i: number, j: number, at: (i: number, j: number) => boolean) => boolean,
): boolean {
  const known = new Map<number, boolean>()
  const at = (i: number, j: number): boolean => {
    const key = i * (columns + 1) + j
    const before = known.get(key)
    if (before !== undefined) return before
    const answer = i <= rows && j <= columns && decide(i, j, at)
    known.set(key, answer)
    return answer
  }
  return at(0, 0)
}
