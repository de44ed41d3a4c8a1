import { checkInvariants } from '../../src/failover/moves/invariants.ts'
import type { Json } from '../../src/failover/outcome.ts'
import type { AcquiredLease, Lease, StoredDocument, WriteOptions, WriteResult } from '../../src/failover/ports.ts'
import type { GroupDocument } from '../../src/failover/state.ts'
import type { SimClock } from './sim-clock.ts'

/** The store itself, without the network: documents, leases, the journal. It is the one place that is never in doubt. */
export class SimAuthority {
  readonly journal: {
    readonly kind: string
    readonly operation: string
    readonly facts: Readonly<Record<string, Json>>
  }[] = []
  isOut = false
  /** Told of every group document that was accepted. */
  onGroup: (before: GroupDocument | undefined, after: GroupDocument) => void = () => undefined
  violate: (rule: string, what: string) => void = () => undefined
  readonly #clock: SimClock
  readonly #documents = new Map<string, StoredDocument>()
  #revision = 0
  #lease: (Lease & { endsMs: number }) | undefined
  #token = 0

  constructor(clock: SimClock) {
    this.#clock = clock
  }

  read(key: string): StoredDocument | undefined {
    return this.#documents.get(key)
  }

  group(key: string): GroupDocument {
    return this.#documents.get(key)?.value as unknown as GroupDocument
  }

  write(key: string, value: Json, { expected, lease }: WriteOptions): WriteResult {
    if (lease !== undefined && lease.token !== this.#token) return { kind: 'lease-lost' }
    const present = this.#documents.get(key)
    if ((present?.revision ?? 'absent') !== expected) return { kind: 'conflict' }
    return this.put(key, value)
  }

  put(key: string, value: Json): WriteResult {
    const before = this.#documents.get(key)?.value
    const revision = ++this.#revision
    this.#documents.set(key, { value, revision })
    if (key.startsWith('groups/')) this.#accept(before as unknown as GroupDocument, value as unknown as GroupDocument)
    return { kind: 'written', revision }
  }

  acquire(name: string, holder: string, ttlMs: number): AcquiredLease | undefined {
    const isTaken = this.#lease !== undefined && this.#lease.endsMs > this.#clock.nowMs && this.#lease.holder !== holder
    if (isTaken) return undefined
    // Given back, or never held.
    const isFresh = (this.#lease?.endsMs ?? 0) === 0
    this.#lease = { name, holder, token: ++this.#token, endsMs: this.#clock.nowMs + ttlMs }
    const { token } = this.#lease
    return { name, holder, token, isFresh }
  }

  renew(lease: Lease, ttlMs: number): boolean {
    if (this.#lease?.token !== lease.token) return false
    this.#lease.endsMs = this.#clock.nowMs + ttlMs
    return true
  }

  release(lease: Lease): void {
    if (this.#lease?.token === lease.token) this.#lease.endsMs = 0
  }

  #accept(before: GroupDocument | undefined, after: GroupDocument): void {
    for (const broken of checkInvariants(before, after)) this.violate('F4', broken)
    this.onGroup(before, after)
  }
}
