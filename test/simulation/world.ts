import type { Random } from '../../src/core/index.ts'
import { Links } from './links.ts'
import type { SimClock } from './sim-clock.ts'
import { PARTITIONS, REGIONS, SimRegion } from './sim-region.ts'

/** Three regions, what applications do to them, and what is known of it all from outside. */
const TICK_MS = 50
/** A little faster than the writers: the group is behind now and then. */
const READ_CHANCE = 0.3
const PARTITION_LIST: readonly number[] = Array.from({ length: PARTITIONS }, (_, partition) => partition)
const WRITE_CHANCE = 0.15
const BEGIN_CHANCE = 0.03
const END_CHANCE = 0.07
/** A record's number holds its writer and partition, so that order can be checked. */
const RECORDS_MOST = 1_000_000

export interface Acknowledgement {
  readonly region: string
  readonly partition: number
}

export class World {
  readonly clock: SimClock
  readonly random: Random
  readonly regions: ReadonlyMap<string, SimRegion>
  readonly links: Links
  /** Every record that an application was told is stored, with where. */
  readonly acknowledged = new Map<number, Acknowledgement>()
  /** What the group has processed, by record. */
  readonly consumed = new Map<number, number>()
  /** Records that a person gave up, or that were written out of a returned region. */
  readonly givenUp = new Set<number>()
  readonly exported = new Set<number>()
  readonly violations: string[] = []
  /** Pairs of places that do not reach each other; a place is a region's site or `outside`. */
  readonly isolated = new Set<string>()
  /** Where the group's one reader is connected. */
  readerAt: string = REGIONS[0]
  isWriting = true
  /** The operator's fence command; `half` closes the region and says that it has failed. */
  command: 'none' | 'works' | 'half' | 'fails' = 'none'
  /** Asked at every tick: which regions are announced as possibly writable. */
  announced: () => ReadonlySet<string> = () => new Set()
  active: () => string = () => REGIONS[0]
  /** Whether a region counts as a copy: what a lost one holds is compared before anybody relies on it. */
  counts: (region: string) => boolean = () => true
  /** Told of every acknowledgement. */
  onAcknowledged: (id: number, at: Acknowledgement) => void = () => undefined
  readonly #sequence = new Map<number, number>()
  readonly #unacknowledged: { readonly region: SimRegion; readonly partition: number; offset: number; id: number }[] =
    []
  #transactions = 0
  #ticks = 0

  constructor(clock: SimClock, random: Random) {
    this.clock = clock
    this.random = random
    this.regions = new Map(REGIONS.map((name, index) => [name, new SimRegion(name, clock, index > 0)]))
    this.links = new Links(this)
    for (const target of REGIONS.slice(1)) this.links.start(REGIONS[0], target)
    this.#tick()
  }

  region(name: string): SimRegion {
    const found = this.regions.get(name)
    if (found === undefined) throw new Error(`no region ${name}`)
    return found
  }

  canReach(one: string, other: string): boolean {
    return one === other || !(this.isolated.has(one) || this.isolated.has(other))
  }

  violate(rule: string, what: string): void {
    if (this.violations.length < 20) this.violations.push(`${rule} at ${Math.round(this.clock.nowMs)} ms: ${what}`)
  }

  /** F1, looked at whenever anything may have changed it. */
  checkWritable(): void {
    const writable = REGIONS.filter((name) => this.region(name).isWritable)
    if (writable.length < 2) return
    const announced = this.announced()
    const unsaid = writable.filter((name) => !announced.has(name))
    if (unsaid.length > 1) this.violate('F1', `${unsaid.join(' and ')} accept writes`)
  }

  #tick(): void {
    this.#ticks += 1
    for (const region of this.regions.values()) {
      if (!region.isAlive) continue
      region.writeControlRecords()
      if (this.isWriting) this.#write(region)
    }
    this.#acknowledge()
    this.links.copy()
    this.#consume()
    if (this.#ticks % 10 === 0) this.links.syncPositions()
    this.checkWritable()
    this.clock.schedule(TICK_MS, () => this.#tick(), false)
  }

  #write(region: SimRegion): void {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      if (this.random.next() < WRITE_CHANCE && accepts(region, partition)) {
        const id = this.#nextId(region, partition)
        const offset = region.partitions[partition]?.append({ kind: 'record', id, origin: 'app' }) ?? 0
        this.#unacknowledged.push({ region, partition, offset, id })
      }
    }
    this.#writeTransaction(region)
  }

  #writeTransaction(region: SimRegion): void {
    const open = region.transactions.find(({ state }) => state === 'ongoing')
    if (open === undefined) {
      if (this.random.next() < BEGIN_CHANCE && PARTITION_LIST.every((partition) => accepts(region, partition))) {
        this.#beginTransaction(region)
      }
      return
    }
    // A commit needs no right to the topics: an open transaction can be committed behind a fence.
    const isReplicated = region.partitions.every(({ highWatermark, entries }) => highWatermark === entries.length)
    if (!isReplicated || this.random.next() > END_CHANCE) return
    const isCommit = this.random.next() < 0.8
    open.state = isCommit ? 'prepare-commit' : 'prepare-abort'
    if (!isCommit) return
    for (const [partition, id] of open.records.entries()) this.#note(id, { region: region.name, partition })
  }

  #beginTransaction(region: SimRegion): void {
    const id = this.#transactions++
    const records = PARTITION_LIST.map((partition) => this.#nextId(region, partition))
    for (const [partition, record] of records.entries()) {
      region.partitions[partition]?.append({ kind: 'record', id: record, origin: 'app', transaction: id })
    }
    region.transactions.push({ id, records, state: 'ongoing', owed: PARTITION_LIST })
  }

  #acknowledge(): void {
    for (let index = this.#unacknowledged.length - 1; index >= 0; index--) {
      const pending = this.#unacknowledged[index]
      if (pending === undefined) continue
      const { region, partition, offset, id } = pending
      const log = region.partitions[partition]
      if (!region.isAlive || log === undefined || log.highWatermark <= offset) continue
      this.#note(id, { region: region.name, partition })
      this.#unacknowledged.splice(index, 1)
    }
  }

  /** The reader processes what it can commit; what it could not commit it reads again, wherever it then is. */
  #consume(): void {
    const region = this.region(this.readerAt)
    if (!region.isAlive) return
    for (const [partition, log] of region.partitions.entries()) {
      const broker = region.brokers[partition]
      if (broker === undefined || broker.isFrozen || broker.groupDenied) continue
      let count = this.random.next() < READ_CHANCE ? 1 : 0
      const from = region.positions[partition] ?? 0
      let position = from
      for (const { id, offset } of log.committed(from)) {
        if (count-- <= 0) break
        this.consumed.set(id, (this.consumed.get(id) ?? 0) + 1)
        position = offset + 1
      }
      region.positions[partition] = position
    }
  }

  #note(id: number, at: Acknowledgement): void {
    this.acknowledged.set(id, at)
    this.onAcknowledged(id, at)
  }

  #nextId(region: SimRegion, partition: number): number {
    const writer = REGIONS.indexOf(region.name as (typeof REGIONS)[number]) * PARTITIONS + partition
    const next = (this.#sequence.get(writer) ?? 0) + 1
    this.#sequence.set(writer, next)
    return writer * RECORDS_MOST + next
  }
}

/** The writer of a record and partition: what has to stay in order. */
export function writerOf(id: number): number {
  return Math.floor(id / RECORDS_MOST)
}

function accepts(region: SimRegion, partition: number): boolean {
  const broker = region.brokers[partition]
  return region.isAlive && !region.isGated && broker !== undefined && !broker.isFrozen && !broker.denied
}
