import { backoffMs, type Clock, type Events, isFault, pause, type Random } from '../core/index.ts'
import type {
  Acquisition,
  Authority,
  AuthorityIdentity,
  AuthorityOverview,
  Lease,
  LeaseTerms,
  Page,
  Renewal,
  StoredDocument,
  WriteOutcome,
  WriteTerms,
} from './authority.ts'
import type { Condition, DocumentStore, Snapshot } from './document-store.ts'
import { readDocument, writeDocument } from './documents.ts'
import type { AuthorityEvents } from './events.ts'
import { establishIdentity } from './identity.ts'
import { fenceOf, Leases } from './leases.ts'

export interface AuthorityContext {
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<AuthorityEvents>
}

const LIST_MAX = 1_000
/** Pages of a watched prefix: 10,000 documents. */
const WATCHED_PAGES_MAX = 10
const WATCH_DELAYS = { firstMs: 100, mostMs: 5_000 }

/** The authority on whichever store. */
export class DocumentAuthority implements Authority {
  readonly backend: DocumentStore['backend']
  readonly where: string
  readonly #store: DocumentStore
  readonly #context: AuthorityContext
  readonly #leases: Leases
  #silentSinceMs: number | undefined

  constructor(store: DocumentStore, context: AuthorityContext) {
    this.#store = store
    this.#context = context
    this.backend = store.backend
    this.where = store.where
    this.#leases = new Leases({ store, ...context })
  }

  get answers(): boolean {
    return this.#silentSinceMs === undefined
  }

  async identity(signal: AbortSignal): Promise<AuthorityIdentity> {
    const { id, generation } = await this.#heard(establishIdentity(this.#store, this.#context.random, signal))
    return { id, generation }
  }

  async overview(signal: AbortSignal): Promise<AuthorityOverview> {
    const { id, generation } = await this.identity(signal)
    return { id, generation, ...(await this.#heard(this.#leases.list(signal))) }
  }

  async read(key: string, signal: AbortSignal): Promise<StoredDocument | undefined> {
    const found = await this.#heard(this.#store.get(key, signal))
    return found && readDocument(found, this.where)
  }

  async list(prefix: string, signal: AbortSignal, page: Page = {}): Promise<readonly StoredDocument[]> {
    const { documents } = await this.#range(prefix, signal, page)
    return documents.map((document) => readDocument(document, this.where))
  }

  async write(key: string, value: object, terms: WriteTerms, signal: AbortSignal): Promise<WriteOutcome> {
    return this.#commit(key, { puts: [writeDocument(key, value)] }, terms, signal)
  }

  async remove(key: string, terms: WriteTerms, signal: AbortSignal): Promise<WriteOutcome> {
    return this.#commit(key, { removals: [key] }, terms, signal)
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<readonly StoredDocument[]> {
    let told: string | undefined
    let failures = 0
    while (!signal.aborted) {
      try {
        const { revision, documents } = await this.#snapshot(prefix, signal)
        const state = documents.map((document) => `${document.key}@${document.revision}`).join()
        if (state !== told) yield documents.map((document) => readDocument(document, this.where))
        told = state
        await this.#heard(this.#store.changed(prefix, revision, signal))
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (!isFault(error)) throw error
        failures++
        await pause(this.#context.clock, backoffMs(WATCH_DELAYS, failures, this.#context.random), signal)
      }
    }
  }

  async acquire(name: string, terms: LeaseTerms, signal: AbortSignal): Promise<Acquisition> {
    return this.#heard(this.#leases.acquire(name, terms, signal))
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Renewal> {
    return this.#heard(this.#leases.renew(lease, signal))
  }

  async release(lease: Lease, signal: AbortSignal): Promise<void> {
    return this.#heard(this.#leases.release(lease, signal))
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #commit(
    key: string,
    change: { puts?: readonly { key: string; text: string }[]; removals?: readonly string[] },
    { expected, lease }: WriteTerms,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const fence = lease && fenceOf(lease)
    const conditions: Condition[] = [{ key, revision: expected === 'absent' ? 0 : expected }]
    if (fence !== undefined) conditions.push(fence)
    const outcome = await this.#heard(this.#store.commit({ conditions, ...change }, signal))
    if (outcome.kind === 'committed') return { kind: 'written', revision: outcome.revision }
    if (fence !== undefined) {
      const holder = outcome.current.get(fence.key)
      if (holder?.revision !== fence.revision || holder.text !== fence.text) return { kind: 'lease-lost' }
    }
    const current = outcome.current.get(key)
    return { kind: 'conflict', current: current && readDocument(current, this.where) }
  }

  async #snapshot(prefix: string, signal: AbortSignal): Promise<Snapshot> {
    const first = await this.#range(prefix, signal, {})
    const documents = [...first.documents]
    for (let page = 1; page < WATCHED_PAGES_MAX && documents.length === page * LIST_MAX; page++) {
      const after = documents.at(-1)?.key
      documents.push(...(await this.#range(prefix, signal, after === undefined ? {} : { after })).documents)
    }
    return { revision: first.revision, documents }
  }

  async #range(prefix: string, signal: AbortSignal, { after, limit, order }: Page): Promise<Snapshot> {
    const query = { prefix, limit: Math.min(limit ?? LIST_MAX, LIST_MAX), ...(order && { order }) }
    return this.#heard(this.#store.range(after === undefined ? query : { ...query, after }, signal))
  }

  /** Tells when the store falls silent, and when it answers again. */
  async #heard<Result>(call: Promise<Result>): Promise<Result> {
    const { clock, events } = this.#context
    try {
      const result = await call
      if (this.#silentSinceMs !== undefined) {
        const afterMs = clock.monotonicMs() - this.#silentSinceMs
        this.#silentSinceMs = undefined
        events.emit('authority:answers', { where: this.where, afterMs })
      }
      return result
    } catch (error) {
      const isSilent = isFault(error, 'AUTHORITY_UNREACHABLE') || isFault(error, 'AUTHORITY_FILE_UNUSABLE')
      if (isSilent && this.#silentSinceMs === undefined) {
        this.#silentSinceMs = clock.monotonicMs()
        events.emit('authority:unreachable', { where: this.where, reason: error.message, remedy: error.remedy })
      }
      throw error
    }
  }
}
