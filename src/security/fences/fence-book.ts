import { describeError } from '../../core/index.ts'
import { type FenceRecord, type FenceRecords, fenceKeyOf } from './fence-record.ts'
import { askPermit, type FencePermit } from './permitted.ts'
import { callBounded, type RegionAccess } from './region-access.ts'

/**
 * The records of one region, as this process knows them: those of the store, and over them those that the store has not
 * taken yet. A fence is never held up by its record: where the region takes ACLs and no records, the fence matters more.
 * So each call of the store has a bound, and after one that failed the store is left alone for a while.
 */
export type BookAccess = Pick<RegionAccess, 'region' | 'clock' | 'timings'>

interface Pages {
  /** By key; null for one that is to be removed. */
  readonly unwritten: Map<string, FenceRecord | null>
  known: readonly FenceRecord[]
  /** Why the store is left alone, and until when on the monotonic clock. */
  trouble: { readonly reason: string; readonly untilMs: number } | undefined
}

export class FenceBook {
  readonly #access: BookAccess
  readonly #store: FenceRecords
  readonly #permit: FencePermit | undefined
  readonly #pages: Pages

  constructor(
    access: BookAccess,
    store: FenceRecords,
    permit?: FencePermit,
    pages: Pages = { unwritten: new Map(), known: [], trouble: undefined },
  ) {
    this.#access = access
    this.#store = store
    this.#permit = permit
    this.#pages = pages
  }

  /** The same book, for one who may lose the right to write: asked right before every write. */
  permitted(permit: FencePermit): FenceBook {
    return new FenceBook(this.#access, this.#store, permit, this.#pages)
  }

  /** With the reason where the store does not answer: the list then is what was last known. */
  async list(signal: AbortSignal): Promise<{ readonly records: readonly FenceRecord[]; readonly trouble?: string }> {
    const { region } = this.#access
    const flushed = await this.#flush(signal)
    if (flushed !== undefined) return { records: this.#merged(), trouble: flushed }
    const trouble = await this.#attempt('the list of fences', signal, async (signal) => {
      this.#pages.known = await this.#store.list(region, signal)
    })
    return { records: this.#merged(), ...(trouble !== undefined && { trouble }) }
  }

  /** True where the store has taken it; it is offered again with the next call. */
  async put(record: FenceRecord, signal: AbortSignal): Promise<boolean> {
    this.#pages.unwritten.set(fenceKeyOf(record), record)
    return (await this.#flush(signal)) === undefined
  }

  async remove(record: FenceRecord, signal: AbortSignal): Promise<boolean> {
    this.#pages.unwritten.set(fenceKeyOf(record), null)
    return (await this.#flush(signal)) === undefined
  }

  #merged(): FenceRecord[] {
    const { known, unwritten } = this.#pages
    const stored = known.filter((record) => !unwritten.has(fenceKeyOf(record)))
    return [...stored, ...[...unwritten.values()].filter((record) => record !== null)]
  }

  async #flush(signal: AbortSignal): Promise<string | undefined> {
    const { region } = this.#access
    const pages = this.#pages
    for (const [key, record] of pages.unwritten) {
      if (this.#permit !== undefined) askPermit(this.#permit)
      const trouble = await this.#attempt('the record of a fence', signal, (signal) =>
        record === null ? this.#store.remove(region, key, signal) : this.#store.put(region, key, record, signal),
      )
      if (trouble !== undefined) return trouble
      // A later change of the same record may have come meanwhile.
      if (pages.unwritten.get(key) !== record) continue
      pages.unwritten.delete(key)
      pages.known = [...pages.known.filter((known) => fenceKeyOf(known) !== key), ...(record === null ? [] : [record])]
    }
    return undefined
  }

  /** What is wrong, or undefined where the store did it. */
  async #attempt(
    what: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<void>,
  ): Promise<string | undefined> {
    const { clock, timings } = this.#access
    const { trouble } = this.#pages
    if (trouble !== undefined && clock.monotonicMs() < trouble.untilMs) return trouble.reason
    try {
      await callBounded(this.#access, what, signal, call, timings.recordMs)
      this.#pages.trouble = undefined
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      const reason = describeError(error)
      this.#pages.trouble = { reason, untilMs: clock.monotonicMs() + timings.recordPauseMs }
      return reason
    }
  }
}
