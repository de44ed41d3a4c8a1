import type { DecodedRecord } from '../../kafka/index.ts'
import type { OffsetRange } from '../verification/committed-log.ts'

const KEYS_MAX = 200_000

/** Below a fork, the records of a region of which the active one has none. */
export interface OlderRecords {
  /** What has to be read, in this order. */
  readonly ranges: readonly OffsetRange[]
  /** Of those that were taken in. */
  readonly count: number
  take(record: DecodedRecord): void
}

/**
 * Counts them. Of a compacted topic, a copy of a copy lacks what the one between had compacted away already: a record
 * whose key has a later one that the active region does have is no loss. Those of keys beyond what can be remembered
 * count, each of them.
 */
export function countOlder(
  untied: readonly OffsetRange[],
  { fork, isCompacted, keysMax = KEYS_MAX }: { fork: number; isCompacted: boolean; keysMax?: number },
): OlderRecords {
  const [first] = untied
  return isCompacted && first !== undefined
    ? new CompactedOlder(untied, { from: first.from, to: fork }, keysMax)
    : new EveryOlder(untied)
}

class EveryOlder implements OlderRecords {
  readonly ranges: readonly OffsetRange[]
  count = 0

  constructor(untied: readonly OffsetRange[]) {
    this.ranges = untied
  }

  take(): void {
    this.count++
  }
}

class CompactedOlder implements OlderRecords {
  readonly ranges: readonly OffsetRange[]
  readonly #untied: readonly OffsetRange[]
  readonly #keysMax: number
  /** Untied records of a key since its last tied one. */
  readonly #latest = new Map<string, number>()
  #forgotten = 0
  #at = 0

  constructor(untied: readonly OffsetRange[], range: OffsetRange, keysMax: number) {
    this.ranges = [range]
    this.#untied = untied
    this.#keysMax = keysMax
  }

  get count(): number {
    return [...this.#latest.values()].reduce((sum, records) => sum + records, this.#forgotten)
  }

  take({ offset, key }: DecodedRecord): void {
    while (offset >= (this.#untied[this.#at]?.to ?? Number.POSITIVE_INFINITY)) this.#at++
    const isUntied = offset >= (this.#untied[this.#at]?.from ?? Number.POSITIVE_INFINITY)
    const text = key?.toString('latin1')
    if (!isUntied) {
      if (text !== undefined) this.#latest.delete(text)
    } else if (text === undefined || (!this.#latest.has(text) && this.#latest.size >= this.#keysMax)) this.#forgotten++
    else this.#latest.set(text, (this.#latest.get(text) ?? 0) + 1)
  }
}
