/** What a process has to tell, as clients of the API and receivers of notifications get it. */
export type Severity = 'info' | 'warning' | 'error'

export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error']

export function isAtLeast(severity: Severity, minimum: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minimum)
}

/** What happened, before it has its place among the events. */
export interface News {
  /** Such as `fence:lost`. */
  readonly kind: string
  readonly severity: Severity
  /** One sentence for people. */
  readonly sentence: string
  readonly group: string | null
  readonly region: string | null
  readonly link: string | null
  readonly operation: string | null
  /** JSON. Never a secret. */
  readonly facts: Readonly<Record<string, unknown>>
}

export interface FeedEvent extends News {
  /** Of this process: its life and a number that grows by one. */
  readonly id: string
  /** The same in every process that tells it, and however often it is sent: for deduplication. */
  readonly uid: string
  /** ISO 8601. */
  readonly at: string
}

/** Whether the kind is the wanted one, or begins with it: `fence` wants `fence:lost` too. */
export function isKind(kind: string, wanted: string): boolean {
  return kind === wanted || kind.startsWith(`${wanted}:`)
}
