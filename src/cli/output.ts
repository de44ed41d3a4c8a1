import { stringify } from 'yaml'
import { type Fault, isFault, unreachable } from '../core/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { CliIo, OutputFormat } from './io.ts'

/** A body as the format asks; `table` is what the command makes of it. */
export function render<Body>(body: Body, output: OutputFormat, table: (body: Body) => string): string {
  switch (output) {
    case 'json':
      return JSON.stringify(body, null, 2)
    case 'yaml':
      return stringify(body, { lineWidth: 0 }).trimEnd()
    case 'table':
      return table(body)
    default:
      return unreachable(output)
  }
}

export type Cell = string | number | null | undefined

/** Columns aligned, numbers to the right and grouped by thousands, `-` for what is not known. */
export function renderTable(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(renderCell))
  const isNumber = headers.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] !== 'string'))
  const widths = headers.map((header, at) => Math.max(header.length, ...texts.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(headers), ...texts.map(line)].join('\n')
}

function renderCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '-'
  return typeof cell === 'number' ? groupDigits(cell) : cell
}

export function groupDigits(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 })
}

export function plural(amount: number, noun: string, nouns = `${noun}s`): string {
  return `${groupDigits(amount)} ${amount === 1 ? noun : nouns}`
}

/** Says what went wrong and what to do, on standard error, and picks the exit code. */
export function reportError(error: unknown, io: CliIo): ExitCode {
  if (!isFault(error)) {
    io.err(`isthmus: unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT.needsOperator
  }
  io.err(`isthmus: ${error.message}\n`)
  if (error.remedy !== '') io.err(`  what to do: ${error.remedy}\n`)
  io.err(`  code: ${error.code}\n`)
  return exitCodeOf(error)
}

function exitCodeOf({ status, code }: Fault): ExitCode {
  if (code.startsWith('CONFIG_')) return EXIT.usage
  if (status === 409 || status === 412 || status === 403) return EXIT.refused
  if (status === 503 || status === 504 || status === 429) return EXIT.timedOut
  return status < 500 || code === 'CLI_NOT_ISTHMUS' ? EXIT.usage : EXIT.needsOperator
}
