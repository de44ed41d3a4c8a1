import { type Clock, describeError, pause, type Random, type RegionName, sleep } from '../core/index.ts'
import type { Cluster, DecodedRecord } from '../kafka/index.ts'
import type { DrillStream, DrillStreams, StreamProgress, StreamReport, StreamSpec } from '../failover/index.ts'
import { makeCanaryTopic, untilCanaryTopic } from './canary-topic.ts'
import { deleteGroupsProved } from './delete-groups.ts'
import { canaryFaults } from './faults.ts'
import { judgeStream, type StreamLog } from './judge-stream.ts'
import { encodeNumbered, readNumbered } from './numbered-record.ts'
import { RegionWriter } from './region-writer.ts'
import { StreamBook } from './stream-book.ts'
import { readStreamEnds, readStreamLog } from './stream-log.ts'
import { StreamReader } from './stream-reader.ts'

/** How a region is reached. */
export interface CanaryRegion {
  /** As Isthmus: makes the topic, reads the whole log, deletes the consumer group. */
  readonly cluster: Cluster
  /** As an application does, with `regions[].canary`; undefined where none is configured. */
  readonly application: Cluster | undefined
}

export interface CanaryStreamsOptions {
  readonly regions: ReadonlyMap<RegionName, CanaryRegion>
  /** @defaultValue 20 */
  readonly ratePerSecond?: number
  /** How long the first record may take to be acknowledged and read. @defaultValue 75000 */
  readonly startWithinMs?: number
  readonly clock: Clock
  readonly random: Random
}

const DEFAULT_RATE = 20
/** A stream that nobody stops ends by itself; what it keeps in memory grows until then. */
const LASTS_AT_MOST_MS = 3 * 60 * 60_000
/** A topic that is new has to be followed into every region first. */
const START_WITHIN_MS = 75_000
const READ_OUT_MS = 10_000
const LOOK_EVERY_MS = 50
const NOTHING: StreamLog = { numbers: new Map(), damaged: 0 }
/** Requests end by themselves within the time that the cluster's client gives them. */
const NEVER = new AbortController().signal

/** Canary streams over the regions of a process. */
export class CanaryStreams implements DrillStreams {
  readonly #options: CanaryStreamsOptions

  constructor(options: CanaryStreamsOptions) {
    this.#options = options
  }

  open(spec: StreamSpec): DrillStream {
    return new CanaryStream(this.#options, spec)
  }
}

/**
 * Writes a numbered record every few hundredths of a second into the region where its group is active, and reads them
 * in a consumer group.
 *
 * Meanwhile every other region with a principal of applications is asked, as often, whether it would take a write, by
 * records that no broker stores. By that it sees two regions that are open at once, and follows as a client would: into
 * a region that was closed and has opened, once its own takes nothing any more. A region that was open all along is
 * entered only when `follow` says so: nothing may be written there before.
 */
class CanaryStream implements DrillStream {
  readonly #options: CanaryStreamsOptions
  readonly #spec: StreamSpec
  readonly #name: string
  readonly #book: StreamBook
  readonly #reader: StreamReader
  readonly #ending = new AbortController()
  /** Seen closed since the stream was last there. */
  readonly #closed = new Set<RegionName>()
  #active: RegionName
  #partitions: number
  #number = 0
  /** Before anything is written. */
  #waitsFor = 'the topic is not made yet'
  #writing: Promise<unknown> | undefined
  #report: StreamReport | undefined

  constructor(options: CanaryStreamsOptions, spec: StreamSpec) {
    const [first] = spec.regions
    if (first === undefined) throw new TypeError(`the canary stream of ${spec.group} has no region`)
    const { clock, random } = options
    this.#options = options
    this.#spec = spec
    this.#name = `${spec.drill}.${random.next().toString(36).slice(2, 10)}`
    this.#active = first
    this.#partitions = spec.partitions
    this.#book = new StreamBook(first)
    const reading = {
      topic: spec.topic,
      group: spec.readerGroup,
      lastsMs: LASTS_AT_MOST_MS,
      clusterOf: (region: RegionName) => this.#applicationOf(region),
      take: (record: DecodedRecord, partition: number, region: RegionName) => {
        const number = readNumbered(record, { stream: this.#name, partition })
        if (typeof number === 'number') this.#book.noteRead(number, region, clock.monotonicMs())
      },
    }
    this.#reader = new StreamReader({ ...reading, clock, random }, first)
  }

  /** Makes the topic where it is missing. Faults: CANARY_NOT_STARTED, CANARY_TOPIC_REFUSED. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, startWithinMs: withinMs = START_WITHIN_MS } = this.#options
    const tooLate = new AbortController()
    const timer = clock.setTimer(withinMs, () => tooLate.abort(new Error('it took too long')))
    try {
      await this.#start(AbortSignal.any([signal, tooLate.signal]))
    } catch (error) {
      signal.throwIfAborted()
      if (!tooLate.signal.aborted) throw error
      const isRead = this.#book.progress.acknowledged > 0
      const trouble = isRead ? (this.#reader.trouble ?? 'none came') : this.#book.trouble
      const what = isRead ? 'read' : 'acknowledged'
      const reason = this.#writing === undefined ? this.#waitsFor : (trouble ?? describeError(error))
      const { topic } = this.#spec
      const facts = { region: this.#active, topic, what, withinMs, reason }
      throw canaryFaults.fault('CANARY_NOT_STARTED', facts, error)
    } finally {
      timer.cancel()
    }
  }

  follow(active: RegionName): void {
    if (active !== this.#active) this.#enter(active)
  }

  progress(): StreamProgress {
    return this.#book.progress
  }

  /** However it ends, nothing is written or read any more. */
  async stop(signal: AbortSignal): Promise<StreamReport> {
    this.#ending.abort(new Error('the stream ends'))
    try {
      await this.#writing
      this.#report ??= await this.#count(signal)
      return this.#report
    } finally {
      await this.#reader.stop()
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const { topic, regions } = this.#spec
    await makeCanaryTopic(this.#regionOf(this.#active).cluster, this.#spec, signal)
    for (const region of regions) {
      this.#waitsFor = `the topic is not in ${region} yet`
      const partitions = await untilCanaryTopic(this.#regionOf(region).cluster, topic, { clock, signal })
      this.#partitions = Math.min(this.#partitions, partitions)
    }
    this.#waitsFor = 'the consumer group has no positions yet'
    await this.#reader.start(signal)
    const untilMs = clock.monotonicMs() + LASTS_AT_MOST_MS
    this.#writing = Promise.all(regions.map((region) => this.#work(region, untilMs)))
    // Heard by whoever stops the stream.
    this.#writing.catch(() => undefined)
    for (;;) {
      const { acknowledged, read } = this.#book.progress
      if (acknowledged > 0 && read > 0) return
      await sleep(clock, LOOK_EVERY_MS, signal)
    }
  }

  /** What is done about one region: one request at a time, so that a silent region holds up no other one. */
  async #work(region: RegionName, untilMs: number): Promise<void> {
    const { clock, ratePerSecond = DEFAULT_RATE } = this.#options
    const { signal } = this.#ending
    const writer = new RegionWriter({ cluster: this.#applicationOf(region), topic: this.#spec.topic, clock })
    const isProbed = this.#regionOf(region).application !== undefined
    let dueMs = clock.monotonicMs()
    for (let turn = 0; !signal.aborted && clock.monotonicMs() < untilMs; turn++) {
      try {
        if (region === this.#active) await this.#write(region, writer)
        else if (isProbed) await this.#probe(region, writer, turn % this.#partitions)
      } catch (error) {
        if (!signal.aborted) throw error
      }
      // What is late is left out: a region that answers slowly is asked less often, never in a burst.
      dueMs = Math.max(dueMs + 1_000 / ratePerSecond, clock.monotonicMs())
      await pause(clock, Math.max(0, dueMs - clock.monotonicMs()), signal)
    }
    await writer.close()
  }

  async #write(region: RegionName, writer: RegionWriter): Promise<void> {
    const { clock } = this.#options
    const number = this.#number++
    const { leg } = this.#book
    const partition = number % this.#partitions
    const record = encodeNumbered({ stream: this.#name, partition, number })
    const sentMs = clock.monotonicMs()
    // Not cut off when the stream ends: whether it was acknowledged is to be known.
    const answer = await writer.write(partition, record, NEVER)
    this.#book.noteWrite({ number, leg, region, partition, sentMs, answeredMs: clock.monotonicMs(), answer })
  }

  async #probe(region: RegionName, writer: RegionWriter, partition: number): Promise<void> {
    const { clock } = this.#options
    const sentMs = clock.monotonicMs()
    const { isOpen } = await writer.probe(partition, this.#ending.signal)
    if (isOpen === undefined) return
    this.#book.overlaps.note({ region, partition, isOpen, sentMs, answeredMs: clock.monotonicMs() })
    if (!isOpen) this.#closed.add(region)
    else if (this.#closed.has(region) && this.#book.trouble !== undefined) this.#enter(region)
  }

  #enter(region: RegionName): void {
    this.#active = region
    this.#closed.delete(region)
    this.#book.enter(region)
    this.#reader.follow(region)
  }

  async #count(signal: AbortSignal): Promise<StreamReport> {
    const { regions } = this.#options
    const { readerGroup } = this.#spec
    // Where nothing was written, there may be no topic.
    const log = this.#writing === undefined ? NOTHING : await this.#readLog(signal)
    // The active one first: its positions are what the others are given.
    const rest = this.#spec.regions.filter((region) => region !== this.#active)
    for (const region of [this.#active, ...rest]) {
      const cluster = regions.get(region)?.cluster
      if (cluster !== undefined) await this.#deleteReader(cluster, readerGroup, signal)
    }
    return judgeStream(this.#book.seen, log)
  }

  /** Once the consumer group has had its time to read to the end. */
  async #readLog(signal: AbortSignal): Promise<StreamLog> {
    const { clock, random } = this.#options
    const place = { cluster: this.#regionOf(this.#active).cluster, topic: this.#spec.topic, stream: this.#name }
    const found = await readStreamEnds(place, signal)
    const untilMs = clock.monotonicMs() + READ_OUT_MS
    while (this.#reader.isReading && !this.#reader.hasReached(found.ends) && clock.monotonicMs() < untilMs) {
      await sleep(clock, LOOK_EVERY_MS, signal)
    }
    await this.#reader.stop()
    return await readStreamLog(place, found, { clock, random, signal })
  }

  /** A region that does not answer is no reason not to count; the drill looks for what is left. */
  async #deleteReader(cluster: Cluster, group: string, signal: AbortSignal): Promise<void> {
    try {
      await deleteGroupsProved(cluster, (name) => name === group, { clock: this.#options.clock, signal })
    } catch {
      signal.throwIfAborted()
    }
  }

  #regionOf(region: RegionName): CanaryRegion {
    const found = this.#options.regions.get(region)
    if (found === undefined) throw new TypeError(`the canary stream of ${this.#spec.group} cannot reach ${region}`)
    return found
  }

  #applicationOf(region: RegionName): Cluster {
    const { cluster, application } = this.#regionOf(region)
    return application ?? cluster
  }
}
