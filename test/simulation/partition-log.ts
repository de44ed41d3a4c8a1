/**
 * One partition of a region: what stands in it, what of it is replicated, which transactions are open in it. Appends are
 * acknowledged when the high watermark has passed them, as with acks=all.
 */
export interface RecordEntry {
  readonly kind: 'record'
  readonly id: number
  /** Written by an application, copied over a link, or replayed from a returned region. */
  readonly origin: 'app' | 'copy' | 'late'
  readonly transaction?: number
}

export type Entry =
  | RecordEntry
  | { readonly kind: 'control'; readonly transaction: number; readonly isCommit: boolean }
  | { readonly kind: 'marker'; readonly operation: string }

export class PartitionLog {
  entries: Entry[] = []
  /** Offset by record, of those that are committed or belong to no transaction. */
  readonly offsets = new Map<number, number>()
  highWatermark = 0
  isFollowerFrozen = false
  /** The epoch of the one replicator that may append copies. */
  shardEpoch = 0
  lastRecord: number | undefined
  #lastOffset = -1
  readonly #open = new Map<number, number>()
  readonly #aborted = new Set<number>()

  append(entry: Entry): number {
    const offset = this.entries.push(entry) - 1
    if (entry.kind === 'record') {
      if (entry.transaction === undefined) this.#index(entry.id, offset)
      else if (!this.#open.has(entry.transaction)) this.#open.set(entry.transaction, offset)
    }
    if (entry.kind === 'control') this.#endTransaction(entry)
    this.replicate()
    return offset
  }

  replicate(): void {
    if (!this.isFollowerFrozen) this.highWatermark = this.entries.length
  }

  /** Up to here everything is decided and replicated: what a reader of committed records may see. */
  get lastStable(): number {
    let stable = this.highWatermark
    for (const first of this.#open.values()) stable = Math.min(stable, first)
    return stable
  }

  get hasOpenTransaction(): boolean {
    return this.#open.size > 0
  }

  isCommitted(entry: Entry): entry is RecordEntry {
    return entry.kind === 'record' && (entry.transaction === undefined || !this.#aborted.has(entry.transaction))
  }

  /** Committed records from an offset on, below another. */
  *committed(from = 0, below = this.lastStable): Generator<{ readonly id: number; readonly offset: number }> {
    for (let offset = from; offset < below; offset++) {
      const entry = this.entries[offset]
      if (entry !== undefined && this.isCommitted(entry)) yield { id: entry.id, offset }
    }
  }

  markerOf(operation: string): number {
    return this.entries.findLastIndex((entry) => entry.kind === 'marker' && entry.operation === operation)
  }

  clear(): void {
    this.entries = []
    this.offsets.clear()
    this.#open.clear()
    this.highWatermark = 0
    this.lastRecord = undefined
    this.#lastOffset = -1
  }

  #endTransaction({ transaction, isCommit }: Extract<Entry, { kind: 'control' }>): void {
    const first = this.#open.get(transaction)
    this.#open.delete(transaction)
    if (!isCommit) this.#aborted.add(transaction)
    if (!isCommit || first === undefined) return
    for (let offset = first; offset < this.entries.length; offset++) {
      const entry = this.entries[offset]
      if (entry?.kind === 'record' && entry.transaction === transaction) this.#index(entry.id, offset)
    }
  }

  #index(id: number, offset: number): void {
    this.offsets.set(id, offset)
    // A transaction's records count once it is committed, and may stand before others that counted earlier.
    if (offset < this.#lastOffset) return
    this.#lastOffset = offset
    this.lastRecord = id
  }
}
