import type { Journal, JournalEntry } from '../../authority/index.ts'

/** What the journal tells of one operation, return or drill, oldest first. */
export interface Trace {
  readonly entries: readonly JournalEntry[]
  /** False where the journal is longer than what was read of it. */
  readonly isComplete: boolean
}

export interface TraceQuery {
  readonly ids: readonly string[]
  /** When it was asked for, ISO 8601: what is clearly older is not read. */
  readonly since: string
}

const PAGE = 500
/** With many groups at once, of what came behind an order. */
const PAGES_MOST = 40
/** By how much the clocks of two controllers may differ at most. */
const CLOCKS_MS = 10 * 60_000

/** By id, from the newest entry back to before the order. */
export async function readTraces(
  { ids, since }: TraceQuery,
  journal: Pick<Journal, 'read'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Trace>> {
  const found = new Map(ids.map((id) => [id, [] as JournalEntry[]]))
  const isComplete = await readBack(since, { journal, found }, signal)
  return new Map([...found].map(([id, entries]) => [id, { entries: entries.reverse(), isComplete }]))
}

interface Reading {
  readonly journal: Pick<Journal, 'read'>
  readonly found: ReadonlyMap<string, JournalEntry[]>
}

async function readBack(since: string, { journal, found }: Reading, signal: AbortSignal): Promise<boolean> {
  const sinceMs = Date.parse(since) - CLOCKS_MS
  let after: number | undefined
  for (let page = 0; page < PAGES_MOST; page++) {
    const query = { limit: PAGE, order: 'descending' as const, ...(after !== undefined && { after }) }
    const entries = await journal.read(signal, query)
    for (const entry of entries) if (entry.operation !== undefined) found.get(entry.operation)?.push(entry)
    const last = entries.at(-1)
    if (entries.length < PAGE || last === undefined || Date.parse(last.at) < sinceMs) return true
    after = last.number
  }
  return false
}
