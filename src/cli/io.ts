import type { Clock } from '../core/index.ts'
import type { ExitCode } from './exit-codes.ts'

/** Everything a command has of the world around it, so that tests can give it another one. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Aborted by ctrl-c. */
  readonly signal: AbortSignal
  /** True where standard output is a terminal. */
  readonly isTerminal: boolean
  readonly fetch: typeof fetch
  /** Asks the person at the terminal for a line; undefined where there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  out(text: string): void
  err(text: string): void
}

/** What a command registers with: it reports its exit code instead of ending the process. */
export interface CommandContext {
  readonly io: CliIo
  readonly exit: (code: ExitCode) => void
}

export interface GlobalOptions {
  readonly api: string
  readonly output: OutputFormat
}

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]
