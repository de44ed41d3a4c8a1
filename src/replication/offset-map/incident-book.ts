import { type EntryKey, type FlowKey, flowKeyText, type IncidentEntry, isSameProducer, keyOf } from './entry.ts'
import { formatEntryKey } from './entry-key.ts'

/** The incidents of one shard, as its map partition tells them; the newest entry of an incident counts. */
export class IncidentBook {
  readonly #held = new Map<string, IncidentEntry>()
  /** Entries of older writers that a newer one has replaced: they may be deleted. */
  readonly #former = new Map<string, EntryKey>()

  apply(entry: IncidentEntry): void {
    const before = this.#held.get(entry.id)
    if (before !== undefined && !isSameProducer(before, entry)) {
      const key = keyOf(before)
      this.#former.set(formatEntryKey(key), key)
    }
    this.#held.set(entry.id, entry)
  }

  forget(key: EntryKey & { readonly kind: 'incident' }): void {
    const text = formatEntryKey(key)
    this.#former.delete(text)
    const held = this.#held.get(key.id)
    if (held !== undefined && formatEntryKey(keyOf(held)) === text) this.#held.delete(key.id)
  }

  find(id: string): IncidentEntry | undefined {
    return this.#held.get(id)
  }

  all(): IterableIterator<IncidentEntry> {
    return this.#held.values()
  }

  /** Of one flow, the oldest first. */
  of(flow: FlowKey): IncidentEntry[] {
    const text = flowKeyText(flow)
    const found = [...this.#held.values()].filter((entry) => flowKeyText(entry.flow) === text)
    return found.sort((one, other) => one.facts.atMs - other.facts.atMs)
  }

  /** Keys of entries that newer ones have replaced: each may be deleted once the newer one is acknowledged. */
  replaced(): EntryKey[] {
    return [...this.#former.values()]
  }
}
