/**
 * A trial is a program that shows one promise of Isthmus on real brokers (or in a simulation) and judges itself.
 * `npm run trial -- NAME` runs `test/trials/NAME.ts`, `npm run bench -- NAME` runs `test/bench/NAME.ts`.
 *
 * What always holds: a trial is `ok` only if it says so, all its declared fields are there, and none of its declared
 * populations is zero. A trial that measured nothing must not look like one that found nothing wrong.
 */

/** A figure of the result. A missing one, or one that is not a number, makes the trial fail. */
export type Figure = number | bigint | string | boolean

/** Figures that belong together, such as the ratios of one data set. Each has to be a finite number. */
export type Figures = Readonly<Record<string, number>>

export interface TrialResult {
  /** The trial's own verdict on what it saw. */
  readonly ok: boolean
  /** Lines of the printed table; the columns are the keys of the first row. */
  readonly rows: ReadonlyArray<Readonly<Record<string, Figure>>>
  /** What the last line of the output carries, by field. */
  readonly summary: Readonly<Record<string, Figure | Figures | null | undefined>>
}

export interface TrialArguments {
  /** True for the form that `npm test` runs: at most a minute, same promise, smaller load. */
  readonly short: boolean
  /** The values of the trial's own options, with their defaults filled in. */
  readonly options: Readonly<Record<string, string>>
}

export interface TrialContext {
  /** Aborted at the deadline and when the process is told to end; the trial then stops what it started. */
  readonly signal: AbortSignal
  /** Writes a line about the progress to standard error. */
  readonly log: (line: string) => void
}

export interface Trial {
  /** The file's name without `.ts`. */
  readonly name: string
  /** One sentence: the promise it shows. */
  readonly describe: string
  /** What it needs from the machine: `regions` (real brokers, by default), `nothing`, or several. */
  readonly needs?: 'nothing' | 'regions' | readonly ('regions' | 'docker' | 'kubernetes' | 'named' | 'promtool')[]
  /** Its figures need a machine that does nothing else: `npm test` runs nothing beside it. @defaultValue false */
  readonly isAlone?: boolean
  /** How long the whole form may take, milliseconds. @defaultValue 600000 */
  readonly limitMs?: number
  /** The same of the short form. @defaultValue 300000 */
  readonly shortLimitMs?: number
  /** Options beside `--short`, each with its meaning and default. */
  readonly options?: Readonly<Record<string, { readonly describe: string; readonly default: string }>>
  /** Fields that the summary must have. */
  readonly fields: readonly string[]
  /** Fields that must be greater than zero, such as the number of records that were compared. */
  readonly populations?: readonly string[]
  run(args: TrialArguments, context: TrialContext): Promise<TrialResult>
}

/** Everything that keeps a result from being ok, one sentence each. */
export function judgeTrial(trial: Pick<Trial, 'fields' | 'populations'>, result: TrialResult): string[] {
  const missing = trial.fields.filter((field) => !isFigure(result.summary[field]))
  const empty = (trial.populations ?? []).filter((field) => !(Number(result.summary[field]) > 0))
  return [
    ...(result.ok ? [] : ['the trial found its promise broken']),
    ...missing.map((field) => `the field ${field} is missing`),
    ...empty.map((field) => `${field} must be greater than zero, or nothing was tried`),
  ]
}

function isFigure(value: unknown): boolean {
  if (value === undefined || value === null) return false
  if (typeof value !== 'object') return !Number.isNaN(value)
  const figures: unknown[] = Object.values(value)
  return figures.length > 0 && figures.every((figure) => Number.isFinite(figure))
}

/** The rows as aligned columns: figures to the right, words to the left. */
export function renderTable(rows: TrialResult['rows']): string {
  if (rows.length === 0) return ''
  const columns = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '')))
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)))
  const isNumber = columns.map((column) => rows.every((row) => ['number', 'bigint'].includes(typeof row[column])))
  const render = (row: readonly string[]) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, isNumber[index] ?? false))
      .join('  ')
      .trimEnd()
  return [columns, ...cells].map((row) => `${render(row)}\n`).join('')
}

function pad(cell: string, width: number, right: boolean): string {
  return right ? cell.padStart(width) : cell.padEnd(width)
}

/** The last line of a trial's output. */
export function renderVerdict(trial: string, problems: readonly string[], summary: TrialResult['summary']): string {
  const verdict = { trial, ok: problems.length === 0, ...(problems.length === 0 ? {} : { problems }) }
  const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return `${JSON.stringify({ ...summary, ...verdict }, plain)}\n`
}
