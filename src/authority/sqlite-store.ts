import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { describeError, invariant, isFault, pause, type RetryContext, retry } from '../core/index.ts'
import {
  boundsOf,
  type Commit,
  type CommitOutcome,
  type DocumentStore,
  holdsAll,
  type RangeQuery,
  type Snapshot,
  type StoredText,
} from './document-store.ts'
import { authorityFaults } from './faults.ts'

export interface SqliteStoreOptions {
  /** Of the file; missing folders are made. */
  readonly path: string
  /** How long a write waits for other processes, milliseconds. @defaultValue 5000 */
  readonly timeoutMs?: number
  readonly context: Omit<RetryContext, 'signal'>
}

/** `user_version` of the file. A later version of Isthmus that changes the tables raises it. */
const FORMAT = 1
/** `application_id` of the file: "Isth". */
const APPLICATION_ID = 0x49_73_74_68
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const WAIT_DELAYS = { firstMs: 5, mostMs: 100 }
const WATCH_EVERY_MS = 200

const TABLES = `
  CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, text TEXT NOT NULL, revision INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS store (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO store VALUES (1, 0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};`

/**
 * One file, for the processes of one machine.
 *
 * What was answered is on disk: `synchronous = FULL`, since with less a power cut would take back the last revisions,
 * and fencing tokens with them. SQLite itself would wait for a lock in the middle of the event loop, so it is told not
 * to, and the waiting is done here. A file that was replaced under us is left alone: its successor has other readers.
 */
export class SqliteStore implements DocumentStore {
  readonly backend = 'sqlite'
  readonly where: string
  readonly #path: string
  readonly #timeoutMs: number
  readonly #context: Omit<RetryContext, 'signal'>
  #open: { readonly database: DatabaseSync; readonly inode: number; readonly statements: Statements } | undefined
  #isClosed = false

  constructor(options: SqliteStoreOptions) {
    this.#path = resolve(options.path)
    this.where = `sqlite ${this.#path}`
    this.#timeoutMs = options.timeoutMs ?? 5_000
    this.#context = options.context
  }

  async get(key: string, signal: AbortSignal): Promise<StoredText | undefined> {
    return this.#patiently(signal, ({ get }) => rowOf(get.get(key)))
  }

  async range(query: RangeQuery, signal: AbortSignal): Promise<Snapshot> {
    return this.#patiently(signal, (statements, database) => {
      database.exec('BEGIN')
      try {
        const { revision } = statements.revision.get() as { revision: number }
        const statement = query.order === 'descending' ? statements.descending : statements.ascending
        const rows = statement.all(...boundsOf(query), query.limit)
        return { revision, documents: rows.flatMap((row) => rowOf(row) ?? []) }
      } finally {
        database.exec('ROLLBACK')
      }
    })
  }

  async commit(commit: Commit, signal: AbortSignal): Promise<CommitOutcome> {
    return this.#patiently(signal, (statements, database) => {
      database.exec('BEGIN IMMEDIATE')
      try {
        this.#checkFile()
        const outcome = apply(commit, statements)
        if (outcome.kind === 'committed') this.#finish(database, commit)
        return outcome
      } finally {
        if (database.isTransaction) database.exec('ROLLBACK')
      }
    })
  }

  async changed(_prefix: string, afterRevision: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = await this.#patiently(signal, ({ revision }) => revision.get() as { revision: number })
      if (now.revision > afterRevision) return
      await pause(this.#context.clock, WATCH_EVERY_MS, signal)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#open?.database.close()
    this.#open = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Whether a commit that failed is in the file cannot be told in every case. */
  #finish(database: DatabaseSync, { conditions }: Commit): void {
    try {
      database.exec('COMMIT')
    } catch (error) {
      if (isBusy(error)) throw error
      const keys = conditions.map(({ key }) => key).join(', ')
      const facts = { where: this.where, keys, reason: describeError(error) }
      throw authorityFaults.fault('AUTHORITY_OUTCOME_UNKNOWN', facts, error)
    }
  }

  /** Tries again while another process holds the lock. */
  async #patiently<Result>(
    signal: AbortSignal,
    call: (statements: Statements, database: DatabaseSync) => Result,
  ): Promise<Result> {
    try {
      return await retry(
        async () => {
          const { statements, database } = this.#opened()
          // What it still shows of a file that is gone is nobody's state any more.
          this.#checkFile()
          return call(statements, database)
        },
        { deadlineMs: this.#timeoutMs, delaysFor: (error) => (isBusy(error) ? WAIT_DELAYS : undefined) },
        { ...this.#context, signal },
      )
    } catch (error) {
      if (signal.aborted || isFault(error)) throw error
      const code = isBusy(error) ? 'AUTHORITY_UNREACHABLE' : 'AUTHORITY_FILE_UNUSABLE'
      throw authorityFaults.fault(code, { where: this.where, reason: describeError(error) }, error)
    }
  }

  #opened() {
    invariant(!this.#isClosed, 'a closed store is not asked')
    this.#open ??= openFile(this.#path)
    return this.#open
  }

  #checkFile(): void {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino
    if (inode === this.#open?.inode) return
    const reason = inode === undefined ? 'it was removed while it was in use' : 'it was replaced while it was in use'
    throw authorityFaults.fault('AUTHORITY_FILE_UNUSABLE', { where: this.where, reason })
  }
}

function openFile(path: string) {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    checkFormat(database)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`)
    return { database, inode: statSync(path).ino, statements: prepare(database) }
  } catch (error) {
    database.close()
    throw error
  }
}

function checkFormat(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  const { application_id: application } = database.prepare('PRAGMA application_id').get() as { application_id: number }
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
  if (tables > 0 && application !== APPLICATION_ID) throw new Error('it is the database of another program')
  if (version > FORMAT) throw new Error(`it has format ${version}, and this version of Isthmus reads up to ${FORMAT}`)
}

interface Statements {
  readonly get: StatementSync
  readonly ascending: StatementSync
  readonly descending: StatementSync
  readonly revision: StatementSync
  readonly raise: StatementSync
  readonly put: StatementSync
  readonly remove: StatementSync
}

function prepare(database: DatabaseSync): Statements {
  const select = 'SELECT key, text, revision FROM documents'
  return {
    get: database.prepare(`${select} WHERE key = ?`),
    ascending: database.prepare(`${select} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`),
    descending: database.prepare(`${select} WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?`),
    revision: database.prepare('SELECT revision FROM store'),
    raise: database.prepare('UPDATE store SET revision = revision + 1 RETURNING revision'),
    put: database.prepare('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)'),
    remove: database.prepare('DELETE FROM documents WHERE key = ?'),
  }
}

function apply({ conditions, puts = [], removals = [] }: Commit, statements: Statements): CommitOutcome {
  const found = conditions.flatMap(({ key }) => rowOf(statements.get.get(key)) ?? [])
  const current = new Map(found.map((document) => [document.key, document]))
  if (!holdsAll(conditions, (key) => current.get(key))) return { kind: 'refused', current }
  const { revision } = statements.raise.get() as { revision: number }
  for (const { key, text } of puts) statements.put.run(key, text, revision)
  for (const key of removals) statements.remove.run(key)
  return { kind: 'committed', revision }
}

function rowOf(row: unknown): StoredText | undefined {
  if (row === undefined) return undefined
  const { key, text, revision } = row as StoredText
  return { key, text, revision }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number } | null)?.errcode
  if (code === undefined) return false
  // The low byte is the primary code.
  return (code & 0xff) === SQLITE_BUSY || (code & 0xff) === SQLITE_LOCKED
}
