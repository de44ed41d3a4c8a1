import type { Json } from '../../../src/failover/outcome.ts'
import type {
  AcquiredLease,
  AuthorityPort,
  JournalEntry,
  JournalPort,
  Lease,
  StoredDocument,
  WriteOptions,
  WriteResult,
} from '../../../src/failover/ports.ts'
import { firstDocument, type GroupDocument, groupKey } from '../../../src/failover/state.ts'
import { east, north, west, WHEN } from './machine-model.ts'

/** An authority in memory whose next answers can be scripted. */
export class MemoryAuthority implements AuthorityPort, JournalPort {
  readonly documents = new Map<string, StoredDocument>()
  readonly entries: JournalEntry[] = []
  /** What happens to the next writes of a group's document: nothing of it, or everything but the answer. */
  readonly nextWrites: ('conflict' | 'lost' | 'unanswered')[] = []
  /** Whether leases can be had and renewed; undefined throws. */
  grants: boolean | undefined = true
  token = 0
  isFresh = false
  released = 0
  #revision = 0

  constructor() {
    this.#put(groupKey('orders'), firstDocument('orders', [west, east, north], WHEN) as unknown as Json)
  }

  get group(): GroupDocument {
    return this.documents.get(groupKey('orders'))?.value as unknown as GroupDocument
  }

  async read(key: string): Promise<StoredDocument | undefined> {
    return this.documents.get(key)
  }

  async write(key: string, value: Json, { expected, lease }: WriteOptions): Promise<WriteResult> {
    const fate = key.startsWith('groups/') ? this.nextWrites.shift() : undefined
    if (fate === 'conflict') return { kind: 'conflict' }
    if (fate === 'lost') return { kind: 'unknown', reason: 'no answer' }
    if (lease !== undefined && lease.token !== this.token) return { kind: 'lease-lost' }
    if ((this.documents.get(key)?.revision ?? 'absent') !== expected) return { kind: 'conflict' }
    const revision = this.#put(key, value)
    return fate === 'unanswered' ? { kind: 'unknown', reason: 'no answer' } : { kind: 'written', revision }
  }

  async acquire(name: string, holder: string): Promise<AcquiredLease | undefined> {
    if (this.grants === undefined) throw new Error('the authority does not answer')
    return this.grants ? { name, holder, token: ++this.token, isFresh: this.isFresh } : undefined
  }

  async renew(lease: Lease): Promise<boolean> {
    if (this.grants === undefined) throw new Error('the authority does not answer')
    return this.grants && lease.token === this.token
  }

  async release(): Promise<void> {
    this.released++
    this.grants = true
  }

  async append(entry: JournalEntry): Promise<void> {
    this.entries.push(entry)
  }

  #put(key: string, value: Json): number {
    const revision = ++this.#revision
    this.documents.set(key, { value, revision })
    return revision
  }
}
