import { type Clock, describeError, pause, type Random, type RegionName } from '../core/index.ts'
import { type Cluster, type DecodedRecord, decodeRecords } from '../kafka/index.ts'
import { type DataBatch, RegionLogs } from '../replication/index.ts'
import { listBounds, type PartitionRef, partitionsOf, placeOf } from './partition-bounds.ts'

/**
 * Reads a topic in a consumer group, one region at a time, and commits after every pass. Told to follow into another
 * region, it goes on from the positions that its group has there, as a consumer does that is started again. The group has
 * no members: what a rebalance takes is the clients' own affair, and would only blur what is measured.
 */
export interface StreamReaderOptions {
  readonly topic: string
  readonly group: string
  clusterOf(region: RegionName): Cluster
  take(record: DecodedRecord, partition: number, region: RegionName): void
  /** Where nobody stops it. */
  readonly lastsMs: number
  readonly clock: Clock
  readonly random: Random
}

interface Stay {
  readonly region: RegionName
  readonly cluster: Cluster
  readonly logs: RegionLogs
  readonly refs: readonly PartitionRef[]
  /** By partition. */
  readonly positions: Map<number, number>
  readonly committed: Map<number, number>
}

const PASS_EVERY_MS = 100
/** How long positions that are not there yet are waited for; then a partition is read from its beginning. */
const POSITIONS_WITHIN_MS = 5_000

export class StreamReader {
  readonly #options: StreamReaderOptions
  readonly #ending = new AbortController()
  #leaving = new AbortController()
  #region: RegionName
  #running: Promise<void> = Promise.resolve()
  #stay: Stay | undefined
  #trouble: string | undefined

  constructor(options: StreamReaderOptions, first: RegionName) {
    this.#options = options
    this.#region = first
  }

  /** Why the last pass came to nothing; undefined where it did not. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Begins at the present end of the topic, so that nothing of an earlier drill is read. */
  async start(signal: AbortSignal): Promise<void> {
    const stay = await this.#arrive(this.#region, signal)
    this.#stay = stay
    const ends = await listBounds(stay.cluster, 'end', stay.refs, signal)
    for (const ref of stay.refs) stay.positions.set(ref.partition, ends.get(placeOf(ref))?.offset ?? 0)
    await this.#commit(stay, signal)
    this.#running = this.#run()
    // Heard by whoever stops it.
    this.#running.catch(() => undefined)
  }

  follow(region: RegionName): void {
    this.#region = region
    this.#leaving.abort(new Error(`the stream goes on in ${region}`))
    this.#leaving = new AbortController()
  }

  get isReading(): boolean {
    return !this.#ending.signal.aborted
  }

  /** Whether everything below the ends has been read in the region that is followed. */
  hasReached(ends: ReadonlyMap<number, number>): boolean {
    const stay = this.#stay
    if (stay === undefined || stay.region !== this.#region) return false
    return [...ends].every(([partition, end]) => (stay.positions.get(partition) ?? 0) >= end)
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error('the stream ends'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const ending = this.#ending.signal
    const untilMs = clock.monotonicMs() + this.#options.lastsMs
    while (!ending.aborted && clock.monotonicMs() < untilMs) {
      const signal = AbortSignal.any([ending, this.#leaving.signal])
      try {
        await this.#pass(signal)
        this.#trouble = undefined
      } catch (error) {
        // What it could not read now it reads in a later pass, and what it never reads is counted as that.
        this.#trouble = describeError(error)
      }
      await pause(clock, PASS_EVERY_MS, signal)
    }
    await this.#stay?.logs[Symbol.asyncDispose]()
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const region = this.#region
    if (this.#stay?.region !== region) {
      await this.#stay?.logs[Symbol.asyncDispose]()
      this.#stay = undefined
      this.#stay = await this.#resume(region, signal)
    }
    const stay = this.#stay
    const ends = await listBounds(stay.cluster, 'stable-end', stay.refs, signal)
    for (const ref of stay.refs) {
      const from = stay.positions.get(ref.partition) ?? 0
      const to = ends.get(placeOf(ref))?.offset ?? from
      const take = (batch: DataBatch) => this.#take(stay, ref.partition, batch, { from, to })
      const readTo = await stay.logs.read(ref, { from, to }, take, signal)
      stay.positions.set(ref.partition, Math.max(from, readTo))
    }
    await this.#commit(stay, signal)
  }

  /** Keeps the position as it goes: a pass that is cut off must not give its records again. */
  #take(stay: Stay, partition: number, { header, buffer }: DataBatch, range: { from: number; to: number }): boolean {
    for (const record of decodeRecords(buffer, header)) {
      if (record.offset < (stay.positions.get(partition) ?? range.from) || record.offset >= range.to) continue
      this.#options.take(record, partition, stay.region)
      stay.positions.set(partition, record.offset + 1)
    }
    return true
  }

  async #arrive(region: RegionName, signal: AbortSignal): Promise<Stay> {
    const { topic } = this.#options
    const cluster = this.#options.clusterOf(region)
    const [found] = (await cluster.metadata([topic], signal)).topics
    const refs = found === undefined ? [] : partitionsOf(found)
    const logs = new RegionLogs(cluster, this.#options)
    return { region, cluster, logs, refs, positions: new Map(), committed: new Map() }
  }

  /** With the positions of the group there. */
  async #resume(region: RegionName, signal: AbortSignal): Promise<Stay> {
    const { clock, group } = this.#options
    const stay = await this.#arrive(region, signal)
    const untilMs = clock.monotonicMs() + POSITIONS_WITHIN_MS
    for (;;) {
      const [offsets] = await stay.cluster.fetchGroupOffsets([group], signal)
      for (const { topic, partition, offset, errorCode } of offsets?.positions ?? []) {
        if (topic !== this.#options.topic || errorCode !== 0) continue
        stay.positions.set(partition, offset)
        stay.committed.set(partition, offset)
      }
      if (stay.refs.every(({ partition }) => stay.positions.has(partition))) return stay
      if (clock.monotonicMs() >= untilMs) break
      await pause(clock, PASS_EVERY_MS, signal)
      signal.throwIfAborted()
    }
    const starts = await listBounds(stay.cluster, 'start', stay.refs, signal)
    for (const ref of stay.refs) {
      if (!stay.positions.has(ref.partition)) stay.positions.set(ref.partition, starts.get(placeOf(ref))?.offset ?? 0)
    }
    return stay
  }

  /** What is refused is committed again with the next pass. */
  async #commit({ cluster, refs, positions, committed }: Stay, signal: AbortSignal): Promise<void> {
    const moved = refs.flatMap(({ topic, partition }) => {
      const offset = positions.get(partition)
      if (offset === undefined || offset === committed.get(partition)) return []
      return [{ topic, partition, offset, leaderEpoch: -1, metadata: '' }]
    })
    if (moved.length === 0) return
    const outcomes = await cluster.commitGroupOffsets(this.#options.group, moved, signal)
    for (const { partition, errorCode } of outcomes) {
      const offset = moved.find((one) => one.partition === partition)?.offset
      if (errorCode === 0 && offset !== undefined) committed.set(partition, offset)
    }
  }
}
