import type { Clock, Random } from '../../core/index.ts'
import { type Cluster, lastOffset } from '../../kafka/index.ts'
import { logStart } from '../flows/log-ends.ts'
import { type PartitionRef, RawReader } from '../flows/raw-reader.ts'
import { type DataBatch, type OffsetRange, readCommitted } from './committed-log.ts'
import { Pace } from './pace.ts'

const BYTES_PER_SECOND = 50_000_000

/** The logs of one region, as a read_committed consumer sees them, for whoever reads without copying. */
export class RegionLogs implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #reader: RawReader
  readonly #pace: Pace

  constructor(cluster: Cluster, context: { readonly clock: Clock; readonly random: Random }) {
    this.#cluster = cluster
    this.#clock = context.clock
    this.#reader = new RawReader(cluster, context)
    this.#pace = new Pace(context.clock, BYTES_PER_SECOND)
  }

  /**
   * Hands over the batches of a range in their order, until `take` answers false. Answers the offset up to which it was
   * read: less than the end of the range where it was told to stop, or the log ends before.
   */
  async read(
    ref: PartitionRef,
    range: OffsetRange,
    take: (batch: DataBatch) => boolean,
    signal: AbortSignal,
  ): Promise<number> {
    if (range.from >= range.to) return range.from
    const start = () => logStart(this.#cluster, ref, signal)
    const context = { reader: this.#reader, ref, clock: this.#clock, pace: this.#pace, logStart: start }
    const batches = readCommitted(context, range, signal)
    for (let next = await batches.next(); ; next = await batches.next()) {
      // A fetch answers whole batches, and may have gone over those behind the range.
      if (next.done === true) return Math.min(range.to, next.value)
      if (!take(next.value)) return Math.min(range.to, lastOffset(next.value.header) + 1)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reader[Symbol.asyncDispose]()
  }
}
