export type { StageOptions } from './options.ts'

/** What everything that the demo starts is given. */
export interface Scope {
  /** Ends it again, the last first. */
  readonly stack: AsyncDisposableStack
  readonly signal: AbortSignal
  /** A line for the person who watches. */
  readonly say: (line: string) => void
}
