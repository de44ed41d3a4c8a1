import type { ReturnRecord } from '../../src/failover/returns/return-record.ts'
import type { GroupDocument } from '../../src/failover/state.ts'
import type { SimAuthority } from './sim-authority.ts'
import { GROUP, type RegionCall } from './site.ts'
import { REGIONS, type SimRegion } from './sim-region.ts'
import { type Acknowledgement, type World, writerOf } from './world.ts'

/**
 * F1 to F7 as questions to the simulated world, answered from outside: from what applications were acknowledged and what
 * stands in the logs, not from what the product says of it. F1 itself is asked at every tick (`world.ts`).
 */
export class Checks {
  readonly #world: World
  readonly #authority: SimAuthority
  /** The highest token under which anything was done. */
  #actedToken = 0
  /** Regions that a fault has touched: what they hold may be out of reach. */
  readonly touched = new Set<string>()
  /** Told of a move that automatic mode has ordered. */
  onOrder: (document: GroupDocument) => void = () => undefined
  /** Operations that an operator asked for, and those that were rightly ordered by nobody. */
  readonly asked = new Set<string>()
  failovers = 0
  /** Standbys that were left by a move without loss. */
  readonly #leftLossless = new Set<string>()
  moves = 0
  /** Whether the region that is left was gone before the survivors were asked. */
  #wasGone = false

  constructor(world: World, authority: SimAuthority) {
    this.#world = world
    this.#authority = authority
  }

  /** F6: by the leader only, and never without an entry in the journal. */
  onCall({ effect, owner, attempt, region, token }: RegionCall): void {
    const world = this.#world
    if (token < this.#actedToken)
      world.violate('F6', `${effect} in ${region} under token ${token}, after ${this.#actedToken} acted`)
    const isTold = this.#authority.journal.some(
      (entry) =>
        entry.kind === 'effect-started' &&
        entry.operation === owner &&
        entry.facts['effect'] === effect &&
        entry.facts['attempt'] === attempt,
    )
    if (!isTold) world.violate('F6', `${effect} of ${owner} without an entry in the journal`)
  }

  /** F6: what an earlier leader sent has arrived before a later one acts. */
  onArrival({ effect, region, token }: RegionCall): void {
    const world = this.#world
    if (token < this.#actedToken)
      world.violate('F6', `${effect} of token ${token} arrived in ${region} after ${this.#actedToken} acted`)
    this.#actedToken = Math.max(this.#actedToken, token)
  }

  onGroup(before: GroupDocument | undefined, after: GroupDocument): void {
    const { operation } = after
    this.#noteOrder(before, after)
    if (
      operation !== undefined &&
      operation.attempt !== before?.operation?.attempt &&
      operation.phase === 'catching-up'
    ) {
      this.#wasGone = !this.#world.region(operation.from).isAlive
    }
    if (before === undefined || before.epoch === after.epoch || operation === undefined) return
    this.moves += 1
    this.#leftLossless.delete(after.active)
    if (operation.kind === 'failover') this.#leftLossless.delete(before.active)
    else this.#leftLossless.add(before.active)
    if (!this.asked.has(operation.id))
      this.#world.violate('F7', `${operation.id} was committed and nobody asked for it`)
    if (operation.kind === 'failover') {
      this.failovers += 1
      this.#checkSurvivors(after)
    } else {
      this.#checkLossless(before.active, after.active)
    }
  }

  #noteOrder(before: GroupDocument | undefined, after: GroupDocument): void {
    const { operation, automatic } = after
    const isFresh = operation !== undefined && operation.id !== before?.operation?.id
    if (!isFresh || operation.id !== automatic?.operation) return
    this.onOrder(after)
    this.asked.add(operation.id)
  }

  /** F2: a region that a lossless move has left acknowledges nothing that the new active one lacks, however late. */
  onAcknowledged(id: number, { region, partition }: Acknowledgement): void {
    const active = this.#world.active()
    if (region === active || !this.#leftLossless.has(region)) return
    const isHere = this.#world.region(active).partitions[partition]?.offsets.has(id)
    if (isHere !== true) this.#world.violate('F2', `record ${id} was acknowledged by ${region} behind the cut`)
  }

  /** F2: what was acknowledged before the commit of a lossless move stands on the new active region. */
  #checkLossless(from: string, to: string): void {
    for (const [id, { region, partition }] of this.#world.acknowledged) {
      const isHere = this.#world.region(to).partitions[partition]?.offsets.has(id)
      const wasThere = this.#world.region(from).partitions[partition]?.offsets.has(id)
      if (wasThere === true && isHere !== true)
        this.#world.violate('F2', `record ${id}, acknowledged by ${region}, was lost`)
    }
  }

  /** F3: the loss counts against the most advanced survivor. */
  #checkSurvivors(after: GroupDocument): void {
    const operation = after.operation
    if (operation === undefined || this.touched.has(operation.to)) return
    if (!this.#wasGone || this.#world.region(operation.from).isAlive) return
    for (const name of REGIONS) {
      if (after.regions[name]?.role !== 'standby' || this.touched.has(name)) continue
      const world = this.#world
      for (const [id, { partition }] of world.acknowledged) {
        const isThere = world.region(name).partitions[partition]?.offsets.has(id)
        const isHere = world.region(operation.to).partitions[partition]?.offsets.has(id)
        if (isThere === true && isHere !== true) world.violate('F3', `record ${id} was left behind on ${name}`)
      }
    }
  }

  /** After everything was healed and has come to rest. */
  atRest(document: GroupDocument): void {
    const world = this.#world
    const active = world.region(document.active)
    if (!active.isWritable) world.violate('F4', `${document.active} is active and cannot be written to`)
    for (const name of REGIONS) {
      if (name !== document.active && world.region(name).isWritable)
        world.violate('F1', `${name} is a ${document.regions[name]?.role} and can be written to`)
    }
    for (const [id, { partition }] of world.acknowledged) {
      const isHere = active.partitions[partition]?.offsets.has(id)
      if (isHere !== true && !world.givenUp.has(id) && !world.exported.has(id)) {
        world.violate('F3', `record ${id} is gone and nobody was told`)
      }
    }
    this.#checkOrder(active)
    this.#checkReader(active)
    for (const name of REGIONS.filter((it) => it !== document.active)) this.#checkCopy(active, world.region(name))
  }

  #checkOrder(active: SimRegion): void {
    for (const [partition, log] of active.partitions.entries()) {
      const last = new Map<number, number>()
      for (const { id, offset } of log.committed()) {
        const entry = log.entries[offset]
        if (entry?.kind === 'record' && entry.origin === 'late') continue
        const writer = writerOf(id)
        // A replayed record is late wherever it was copied to, and was named.
        const isNamed = this.#world.exported.has(id) || this.#world.givenUp.has(id)
        if (!isNamed && id < (last.get(writer) ?? 0))
          this.#world.violate('F2', `record ${id} is out of order in ${partition}`)
        if (!isNamed) last.set(writer, id)
      }
    }
  }

  #checkReader(active: SimRegion): void {
    for (const [partition, log] of active.partitions.entries()) {
      for (const { id, offset } of log.committed()) {
        const isPast = offset < (active.positions[partition] ?? 0)
        const count = this.#world.consumed.get(id) ?? 0
        if (isPast && count === 0) this.#world.violate('F2', `the group skipped record ${id}`)
        if (this.failovers === 0 && count > 1) this.#world.violate('F2', `the group read record ${id} ${count} times`)
      }
    }
  }

  #checkCopy(active: SimRegion, standby: SimRegion): void {
    for (const [partition, log] of active.partitions.entries()) {
      const expected = [...log.committed()].map(({ id }) => id)
      const found = [...(standby.partitions[partition]?.committed() ?? [])].map(({ id }) => id)
      const isEqual = expected.length === found.length && expected.every((id, index) => id === found[index])
      if (!isEqual)
        this.#world.violate(
          'F2',
          `${standby.name}-${partition} is no copy: ${found.length} records of ${expected.length}`,
        )
    }
  }

  document(): GroupDocument {
    return this.#authority.group(`groups/${GROUP}`)
  }
}

/** F3: what a scan names is what is missing, in every partition. */
export function checkScan(world: World, region: string, active: string, tail: readonly (readonly number[])[]): void {
  for (const [id, at] of world.acknowledged) {
    const stands = world.region(region).partitions[at.partition]?.offsets.has(id) === true
    const isMissing = world.region(active).partitions[at.partition]?.offsets.has(id) !== true
    const isNamed = tail[at.partition]?.includes(id) === true
    if (stands && isMissing && !isNamed) world.violate('F3', `the scan of ${region} did not name record ${id}`)
    if (isNamed && !stands) world.violate('F3', `the scan of ${region} named record ${id}, which is not there`)
  }
}

/** A re-seed destroys nothing that was not exported or given up. */
export function checkReseed(world: World, region: SimRegion, record: ReturnRecord): void {
  const active = world.region(world.active())
  for (const [partition, log] of region.partitions.entries()) {
    for (const { id } of log.committed()) {
      if (active.partitions[partition]?.offsets.has(id) === true || world.exported.has(id)) continue
      if (record.choice?.kind === 'discard') world.givenUp.add(id)
      else world.violate('F3', `a re-seed of ${region.name} destroyed record ${id}`)
    }
  }
}
