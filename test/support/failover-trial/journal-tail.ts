import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalEntry } from '../../../src/authority/index.ts'
import { type GroupDocument, groupKey, type OperationRecord, operationKey } from '../../../src/failover/state.ts'
import { GROUP } from './control.ts'

/** Looked at this often, so that a controller is killed before it has done much more. */
const EVERY_MS = 1
const PAGE = 500

/** Reads along in an authority of SQLite beside its controllers, within a millisecond or two of their writing. */
export class JournalTail implements Disposable {
  readonly #database: DatabaseSync
  readonly #entries: StatementSync
  readonly #newest: StatementSync
  readonly #document: StatementSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true })
    const journal = "FROM documents WHERE key >= 'journal/' AND key < 'journal0'"
    this.#entries = this.#database.prepare(`SELECT text ${journal} AND key > ? ORDER BY key LIMIT ${PAGE}`)
    this.#newest = this.#database.prepare(`SELECT text ${journal} ORDER BY key DESC LIMIT ?`)
    this.#document = this.#database.prepare('SELECT text FROM documents WHERE key = ?')
  }

  /** Number of the last entry. */
  head(): number {
    return this.last(1)[0]?.number ?? 0
  }

  /** The newest entries, the oldest of them first. */
  last(count: number): JournalEntry[] {
    return this.#newest
      .all(count)
      .map((row) => read(row) as JournalEntry)
      .reverse()
  }

  /** The first entry behind a number that is looked for; undefined where there is none in time, or nobody waits any more. */
  async until(
    isIt: (entry: JournalEntry) => boolean,
    { after, limitMs, signal }: { readonly after: number; readonly limitMs: number; readonly signal: AbortSignal },
  ): Promise<JournalEntry | undefined> {
    const endsAtMs = performance.now() + limitMs
    for (let seen = after; performance.now() < endsAtMs && this.#database.isOpen; ) {
      const rows = this.#entries.all(`journal/${String(seen).padStart(16, '0')}`)
      for (const row of rows) {
        const entry = read(row) as JournalEntry
        if (isIt(entry)) return entry
        seen = entry.number
      }
      if (signal.aborted) break
      if (rows.length < PAGE) await sleep(EVERY_MS)
    }
    return undefined
  }

  group(): GroupDocument {
    const document = this.document(groupKey(GROUP)) as GroupDocument | undefined
    if (document === undefined) throw new Error('the group is not on record')
    return document
  }

  /** An operation that has ended. */
  operation(id: string): OperationRecord | undefined {
    return this.document(operationKey(id)) as OperationRecord | undefined
  }

  /** Any other document; undefined where there is none. */
  document(key: string): unknown {
    return read(this.#document.get(key))
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

function read(row: unknown): unknown {
  const text = (row as { text?: string } | undefined)?.text
  return text === undefined ? undefined : JSON.parse(text)
}
