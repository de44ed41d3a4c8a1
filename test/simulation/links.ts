import type { PartitionLog } from './partition-log.ts'
import { PARTITIONS, REGIONS, type SimRegion } from './sim-region.ts'

/**
 * The replicators: one link into a region at a time, each with the producer epoch that it took over. Where to go on is
 * read from the target's log, never from memory, and an append with an older epoch is refused.
 */

/** What replicators see of the world. */
interface CopyWorld {
  readonly readerAt: string
  active(): string
  counts(region: string): boolean
  region(name: string): SimRegion
  canReach(one: string, other: string): boolean
  violate(rule: string, what: string): void
}

interface Link {
  readonly source: string
  readonly target: string
  /** By partition, the epoch taken over. */
  readonly epochs: readonly number[]
  /** By partition, the source offset to go on at, once it was looked up. */
  readonly next: (number | undefined)[]
  isFrozen: boolean
}

interface Held {
  readonly target: string
  readonly partition: number
  readonly epoch: number
  readonly id: number
}

const COPIES_A_TICK = 4

export class Links {
  readonly #world: CopyWorld
  readonly #links = new Map<string, Link>()
  /** Appends that a frozen replicator has in its socket. */
  #held: Held[] = []
  readonly #paused = new Set<string>()

  constructor(world: CopyWorld) {
    this.#world = world
  }

  /** Starts the link into a region, in place of the one before: whose later appends are refused from here on. */
  start(source: string, target: string): void {
    const present = this.#links.get(target)
    if (present?.source === source && !present.isFrozen && this.#isCurrent(present)) return
    const region = this.#world.region(target)
    const epochs = region.partitions.map((log) => ++log.shardEpoch)
    this.#links.set(target, { source, target, epochs, next: [undefined, undefined], isFrozen: false })
  }

  /** Asks the replicator to stop; one that is frozen does not hear it. */
  stop(target: string): void {
    if (this.#links.get(target)?.isFrozen === false) this.#links.delete(target)
  }

  sourceOf(target: string): string | undefined {
    return this.#links.get(target)?.source
  }

  /** Stops a replicator with an append under way; it wakes up long after somebody else took over. */
  freeze(target: string): void {
    const link = this.#links.get(target)
    if (link === undefined || link.isFrozen) return
    link.isFrozen = true
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const id = this.#peek(link, partition)?.id
      if (id !== undefined) this.#held.push({ target, partition, epoch: link.epochs[partition] ?? 0, id })
    }
  }

  thaw(): void {
    const held = this.#held
    this.#held = []
    for (const { target, partition, epoch, id } of held) this.#append(target, partition, epoch, id)
    for (const link of this.#links.values()) {
      if (link.isFrozen) link.next.fill(undefined)
      link.isFrozen = false
    }
  }

  /** Slows a link down so much that nothing gets across. */
  pause(target: string): void {
    this.#paused.add(target)
  }

  resume(): void {
    this.#paused.clear()
  }

  copy(): void {
    for (const link of this.#links.values()) {
      if (link.isFrozen || !this.#isUp(link)) continue
      for (let partition = 0; partition < PARTITIONS; partition++) this.#copyPartition(link, partition)
    }
  }

  /** Positions follow the group from the active region, as far as the copies reach; never backwards. */
  syncPositions(): void {
    const from = this.#world.active()
    for (const link of this.#links.values()) {
      if (link.source !== from || link.isFrozen || !this.#isUp(link)) continue
      const target = this.#world.region(link.target)
      if (this.#world.readerAt === link.target) continue
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const translated = translate(this.#world.region(from), target, partition)
        target.positions[partition] = Math.max(target.positions[partition] ?? 0, translated)
      }
    }
  }

  /** True where every record of the source stands on the target. */
  isCaughtUp(source: string, target: string): boolean {
    const from = this.#world.region(source)
    const to = this.#world.region(target)
    return from.partitions.every((log, partition) => {
      const last = lastCommitted(log)
      return last === undefined || to.partitions[partition]?.offsets.has(last) === true
    })
  }

  #copyPartition(link: Link, partition: number): void {
    for (let count = 0; count < COPIES_A_TICK; count++) {
      const found = this.#peek(link, partition)
      if (found === undefined) return
      if (!this.#append(link.target, partition, link.epochs[partition] ?? 0, found.id)) return
      link.next[partition] = found.offset + 1
    }
  }

  #peek(link: Link, partition: number): { readonly id: number; readonly offset: number } | undefined {
    const source = this.#world.region(link.source).partitions[partition]
    const target = this.#world.region(link.target).partitions[partition]
    if (source === undefined || target === undefined) return undefined
    link.next[partition] ??= findNext(source, target)
    const from = link.next[partition]
    return from === undefined ? undefined : (source.committed(from).next().value ?? undefined)
  }

  #append(target: string, partition: number, epoch: number, id: number): boolean {
    const world = this.#world
    const region = world.region(target)
    const log = region.partitions[partition]
    const broker = region.brokers[partition]
    if (log === undefined || !region.isAlive || broker?.isFrozen !== false || epoch < log.shardEpoch) return false
    appendCopy(world, region, partition, id)
    return true
  }

  #isCurrent(link: Link): boolean {
    return this.#world.region(link.target).partitions.every((log, index) => log.shardEpoch === link.epochs[index])
  }

  #isUp({ source, target }: Link): boolean {
    const world = this.#world
    if (this.#paused.has(target)) return false
    return world.canReach(source, target) && world.region(source).isAlive && world.region(target).isAlive
  }
}

/** Appends a copy, and checks what always has to hold of one. */
export function appendCopy(world: CopyWorld, region: SimRegion, partition: number, id: number): void {
  const log = region.partitions[partition]
  if (log === undefined) return
  if (log.offsets.has(id) && world.counts(region.name)) {
    world.violate('F2', `record ${id} stands twice on ${region.name}-${partition}`)
  }
  if (world.active() === region.name && !region.denied) {
    world.violate('F1', `a replicator wrote record ${id} to ${region.name} after it was opened`)
  }
  log.append({ kind: 'record', id, origin: 'copy' })
}

/** Where a copy goes on: behind the last record of the target's log. Undefined where the source does not hold that. */
export function findNext(source: PartitionLog, target: PartitionLog): number | undefined {
  if (target.lastRecord === undefined) return 0
  const at = source.offsets.get(target.lastRecord)
  return at === undefined ? undefined : at + 1
}

export function lastCommitted(log: PartitionLog): number | undefined {
  for (let offset = log.lastStable - 1; offset >= 0; offset--) {
    const entry = log.entries[offset]
    if (entry !== undefined && log.isCommitted(entry)) return entry.id
  }
  return undefined
}

/** The committed records of a log from where its sequence is no longer that of the other one. */
export function behindFork(log: PartitionLog, other: PartitionLog): number[] {
  const known = other.committed(0, other.entries.length)
  const ids = [...log.committed(0, log.entries.length)].map(({ id }) => id)
  const fork = ids.findIndex((id) => known.next().value?.id !== id)
  return fork < 0 ? [] : ids.slice(fork)
}

/** A region can follow where everything that it holds stands on the active one in the same order. */
export function follows(region: SimRegion, active: SimRegion): boolean {
  return region.partitions.every((log, partition) => {
    const other = active.partitions[partition]
    return other !== undefined && behindFork(log, other).length === 0
  })
}

/** The group's position on another region: behind the last record below it that stands there. */
export function translate(from: SimRegion, to: SimRegion, partition: number): number {
  const log = from.partitions[partition]
  const other = to.partitions[partition]
  if (log === undefined || other === undefined) return 0
  for (let offset = (from.positions[partition] ?? 0) - 1; offset >= 0; offset--) {
    const entry = log.entries[offset]
    const found = entry !== undefined && log.isCommitted(entry) ? other.offsets.get(entry.id) : undefined
    if (found !== undefined) return found + 1
  }
  return 0
}

/** The other regions. */
export function others(...names: readonly string[]): string[] {
  return REGIONS.filter((name) => !names.includes(name))
}
