/**
 * What compaction may have done to either side of a compacted topic: the two need not hold the same records, but the
 * same latest value of every key.
 *
 * A record that one side lacks is excused by a later record of its key on that side. A deletion that is lacking is
 * excused too where that side holds no older value of the key: brokers drop deletions after a time. Whether a record
 * behind the compared range excuses it is told by a second look at the side that lacks it.
 *
 * Keys are held as they are, so none is mistaken for another; only those that are waiting for an excuse, and at most
 * `KEYS_MAX` of them.
 */
import { type DecodedRecord, nextRecord, openRecords, decodeCurrent } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { DataBatch } from './committed-log.ts'

export type Side = 'source' | 'target'

export interface LackingRecord {
  /** On the side that lacks it: where it should be. */
  readonly lackingAt: number
  readonly sourceOffset: number
  readonly targetOffset: number
  readonly isDeletion: boolean
}

const KEYS_MAX = 500_000
const KEY_BYTES_MAX = 64 * 1024 * 1024

export class CompactionJudge {
  readonly #lacking: Readonly<Record<Side, Map<string, LackingRecord>>> = { source: new Map(), target: new Map() }
  readonly #limits: { readonly keys: number; readonly bytes: number }
  #keyBytes = 0
  /** Records that were excused. */
  superseded = 0

  constructor(limits = { keys: KEYS_MAX, bytes: KEY_BYTES_MAX }) {
    this.#limits = limits
  }

  /** Nothing waits for an excuse: records need not be shown to it. */
  get isIdle(): boolean {
    return this.#lacking.source.size === 0 && this.#lacking.target.size === 0
  }

  /** A side lacks a record. False where nothing can excuse that: it has no key. */
  lack(side: Side, { key, value }: DecodedRecord, at: Omit<LackingRecord, 'isDeletion'>): boolean {
    if (key === null) return false
    const text = key.toString('latin1')
    const lacking = this.#lacking[side]
    if (lacking.has(text)) this.superseded++
    else this.#keyBytes += text.length
    lacking.set(text, { ...at, isDeletion: value === null })
    const keys = this.#lacking.source.size + this.#lacking.target.size
    if (keys > this.#limits.keys || this.#keyBytes > this.#limits.bytes) {
      throw replicationFaults.fault('VERIFY_TOO_MANY_KEYS', { keys, limit: this.#limits.keys })
    }
    return true
  }

  /** A side has this record, in the order of the log. */
  has(side: Side, { key }: DecodedRecord): void {
    if (key === null) return
    const lacking = this.#lacking[side]
    if (lacking.size === 0) return
    const text = key.toString('latin1')
    if (!lacking.delete(text)) return
    this.#keyBytes -= text.length
    this.superseded++
  }

  /** Looks at the whole log of each side that still lacks something; answers what nothing excuses. */
  async resolve(
    readLog: (side: Side) => AsyncIterable<DataBatch>,
  ): Promise<readonly (LackingRecord & { readonly side: Side })[]> {
    const unexcused: (LackingRecord & { side: Side })[] = []
    for (const side of ['source', 'target'] as const) {
      const lacking = this.#lacking[side]
      if (lacking.size === 0) continue
      const latest = await latestOf(lacking, readLog(side))
      for (const [key, record] of lacking) {
        const held = latest.get(key)
        const isExcused = record.isDeletion
          ? held === undefined || held.offset > record.lackingAt || held.isDeletion
          : held !== undefined && held.offset > record.lackingAt
        if (isExcused) this.superseded++
        else unexcused.push({ ...record, side })
      }
      lacking.clear()
    }
    this.#keyBytes = 0
    return unexcused
  }
}

interface Held {
  readonly offset: number
  readonly isDeletion: boolean
}

async function latestOf(
  keys: ReadonlyMap<string, unknown>,
  log: AsyncIterable<DataBatch>,
): Promise<ReadonlyMap<string, Held>> {
  const latest = new Map<string, Held>()
  for await (const { buffer, header, from } of log) {
    const records = openRecords(buffer, header)
    while (nextRecord(records)) {
      const { key, value, offset } = decodeCurrent(records)
      const text = key?.toString('latin1')
      if (offset >= from && text !== undefined && keys.has(text))
        latest.set(text, { offset, isDeletion: value === null })
    }
  }
  return latest
}
