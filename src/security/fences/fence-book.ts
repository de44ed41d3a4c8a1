import { describeError, type RegionName } from '../../core/index.ts'
import { type FenceRecord, type FenceRecords, fenceKeyOf } from './fence-record.ts'

/**
 * The records of one region, as this process knows them: those of the store, and over them those that the store has not
 * taken yet. A fence is never held up by its record: where the region takes ACLs and no records, the fence matters more.
 */
export class FenceBook {
  readonly #region: RegionName
  readonly #store: FenceRecords
  /** By key; null for one that is to be removed. */
  readonly #unwritten = new Map<string, FenceRecord | null>()
  #known: readonly FenceRecord[] = []

  constructor(region: RegionName, store: FenceRecords) {
    this.#region = region
    this.#store = store
  }

  /** With the reason where the store does not answer: the list then is what was last known. */
  async list(signal: AbortSignal): Promise<{ readonly records: readonly FenceRecord[]; readonly trouble?: string }> {
    const flushed = await this.#flush(signal)
    if (flushed !== undefined) return { records: this.#merged(), trouble: flushed }
    try {
      this.#known = await this.#store.list(this.#region, signal)
      return { records: this.#merged() }
    } catch (error) {
      signal.throwIfAborted()
      return { records: this.#merged(), trouble: describeError(error) }
    }
  }

  /** True where the store has taken it; it is offered again with the next call. */
  async put(record: FenceRecord, signal: AbortSignal): Promise<boolean> {
    this.#unwritten.set(fenceKeyOf(record), record)
    return (await this.#flush(signal)) === undefined
  }

  async remove(record: FenceRecord, signal: AbortSignal): Promise<boolean> {
    this.#unwritten.set(fenceKeyOf(record), null)
    return (await this.#flush(signal)) === undefined
  }

  #merged(): FenceRecord[] {
    const stored = this.#known.filter((record) => !this.#unwritten.has(fenceKeyOf(record)))
    return [...stored, ...[...this.#unwritten.values()].filter((record) => record !== null)]
  }

  async #flush(signal: AbortSignal): Promise<string | undefined> {
    for (const [key, record] of this.#unwritten) {
      try {
        if (record === null) await this.#store.remove(this.#region, key, signal)
        else await this.#store.put(this.#region, key, record, signal)
      } catch (error) {
        signal.throwIfAborted()
        return describeError(error)
      }
      // A later change of the same record may have come meanwhile.
      if (this.#unwritten.get(key) !== record) continue
      this.#unwritten.delete(key)
      this.#known = [...this.#known.filter((known) => fenceKeyOf(known) !== key), ...(record === null ? [] : [record])]
    }
    return undefined
  }
}
