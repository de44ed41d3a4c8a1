import { type Clock, invariant, sleep } from '../core/index.ts'
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

/** What happens to a call. Of a commit with an unknown outcome nobody hears which it was; a late one is done later. */
export type Mishap = 'unreachable' | 'unknown-and-lost' | 'unknown-and-done' | 'unknown-and-late'

const LATE_MS = 1_000

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** How long a call is on its way, there and back each, milliseconds. @defaultValue 0 */
  readonly delayMs?: (call: 'read' | 'commit') => number
  /** Asked before each call. @defaultValue no mishaps */
  readonly mishap?: (call: 'read' | 'commit', keys: readonly string[]) => Mishap | undefined
}

/**
 * Documents that live in this process: for simulation and tests. Several authorities may share one store, as
 * processes share a server; it outlives each of them. What the clock and the options give decides everything.
 */
export class MemoryStore implements DocumentStore {
  readonly backend = 'memory'
  readonly where = 'memory'
  readonly #options: MemoryStoreOptions
  readonly #documents = new Map<string, StoredText>()
  readonly #waiting = new Set<() => void>()
  #revision = 0

  constructor(options: MemoryStoreOptions) {
    this.#options = options
  }

  async get(key: string, signal: AbortSignal): Promise<StoredText | undefined> {
    return this.#travel('read', [key], signal, () => this.#documents.get(key))
  }

  async range(query: RangeQuery, signal: AbortSignal): Promise<Snapshot> {
    return this.#travel('read', [query.prefix], signal, () => {
      const [from, to] = boundsOf(query)
      const found = [...this.#documents.values()]
        .filter(({ key }) => key >= from && key < to)
        .sort((left, right) => (left.key < right.key ? -1 : 1))
      if (query.order === 'descending') found.reverse()
      return { revision: this.#revision, documents: found.slice(0, query.limit) }
    })
  }

  async commit(commit: Commit, signal: AbortSignal): Promise<CommitOutcome> {
    const keys = commit.conditions.map(({ key }) => key)
    return this.#travel('commit', keys, signal, () => this.#apply(commit))
  }

  async changed(_prefix: string, afterRevision: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#revision > afterRevision) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#waiting.delete(resolve)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #travel<Result>(
    call: 'read' | 'commit',
    keys: readonly string[],
    signal: AbortSignal,
    action: () => Result,
  ): Promise<Result> {
    const { clock, delayMs = () => 0, mishap = () => undefined } = this.#options
    signal.throwIfAborted()
    const happened = mishap(call, keys)
    const goneMs = delayMs(call)
    if (goneMs > 0) await sleep(clock, goneMs, signal)
    if (happened === 'unreachable' || (call === 'read' && happened !== undefined)) {
      throw authorityFaults.fault('AUTHORITY_UNREACHABLE', { where: this.where, reason: 'a simulated outage' })
    }
    if (happened === 'unknown-and-late') clock.setTimer(LATE_MS, action, { keepAlive: false })
    const result = happened === undefined || happened === 'unknown-and-done' ? action() : undefined
    const backMs = delayMs(call)
    if (backMs > 0) await sleep(clock, backMs, signal)
    if (happened !== undefined) {
      const facts = { where: this.where, keys: keys.join(', '), reason: 'a simulated loss of the answer' }
      throw authorityFaults.fault('AUTHORITY_OUTCOME_UNKNOWN', facts)
    }
    return result as Result
  }

  #apply({ conditions, puts = [], removals = [] }: Commit): CommitOutcome {
    if (!holdsAll(conditions, (key) => this.#documents.get(key))) {
      const current = conditions.flatMap(({ key }) => this.#documents.get(key) ?? [])
      return { kind: 'refused', current: new Map(current.map((document) => [document.key, document])) }
    }
    const revision = ++this.#revision
    invariant(Number.isSafeInteger(revision), 'revisions are safe integers')
    for (const { key, text } of puts) this.#documents.set(key, { key, text, revision })
    for (const key of removals) this.#documents.delete(key)
    for (const wake of this.#waiting) wake()
    return { kind: 'committed', revision }
  }
}
