import { createHash, type Hash } from 'node:crypto'
import type { DecodedRecord } from '../../kafka/index.ts'
import { digestRecord } from './digest-records.ts'
import type { ForkedPartition } from './forked-partitions.ts'
import { originOf } from './origin-headers.ts'
import { type LogSight, type Reading, readOn } from './read-on.ts'

export interface ExportCheck {
  readonly of: { readonly id: string; readonly epoch: number }
  readonly tail: ForkedPartition
  readonly here: LogSight
  /** What was written out of it, and the range that holds it. */
  readonly there: LogSight
  readonly range: { readonly from: number; readonly to: number }
}

/** One side of a check. */
class Side {
  readonly #digest: Hash = createHash('sha256')
  records = 0

  take(offset: number, record: DecodedRecord): void {
    this.records++
    this.#digest.update(String(offset))
    digestRecord(this.#digest, record)
  }

  get digest(): string {
    return this.#digest.copy().digest('hex')
  }
}

/** Reads a tail and what was written out of it: the same records, in the same order, each once. */
export class CheckedTail {
  readonly tail: ForkedPartition
  readonly #check: ExportCheck
  readonly #here = new Side()
  readonly #there = new Side()
  readonly #readings: { readonly here: Reading; readonly there: Reading }

  constructor(check: ExportCheck) {
    const { tail, range } = check
    this.tail = tail
    this.#check = check
    this.#readings = { here: { at: tail.fork, to: tail.end }, there: { at: range.from, to: range.to } }
  }

  /** Reads on until `untilMs` on the monotonic clock, at most; true once both sides are read. */
  async advance(untilMs: number, signal: AbortSignal): Promise<boolean> {
    const { here, there, of, tail } = this.#check
    const takeHere = (record: DecodedRecord) => this.#here.take(record.offset, record)
    if (!(await readOn(here, this.#readings.here, untilMs, takeHere, signal))) return false
    const takeThere = (record: DecodedRecord) => {
      const origin = originOf(record)
      if (origin?.return !== of.id || origin.epoch !== of.epoch) return
      if (origin.topic === tail.topic && origin.partition === tail.partition) this.#there.take(origin.offset, record)
    }
    return await readOn(there, this.#readings.there, untilMs, takeThere, signal)
  }

  get records(): number {
    return this.#here.records
  }

  /** Over offsets, keys and values of the region's own log. */
  get digest(): string {
    return this.#here.digest
  }

  /** A sentence where the two differ. */
  get difference(): string | undefined {
    const [here, there] = [this.#here, this.#there]
    if (here.records !== there.records) return `${there.records} records instead of ${here.records}`
    return here.digest === there.digest ? undefined : `${here.records} records, not the same ones`
  }
}
