import {
  type Clock,
  describeError,
  type Events,
  pause,
  type Random,
  type RegionName,
  untilAborted,
} from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import { replicationFaults } from '../faults.ts'
import { RepeatedNews } from '../repeated-news.ts'
import type { Shard } from '../shards/shard.ts'
import type { MemberStatus } from '../status.ts'
import type { LinkWork } from './link-work.ts'
import { type Assignment, Membership } from './membership.ts'
import { ShardSlot } from './shard-slot.ts'

/** How the shards of a target are shared with other replicators. */
export interface SharingOptions {
  /** Unique among the replicators of a target. */
  readonly memberName: string
  readonly sessionTimeoutMs: number
}

export interface ShardBoardOptions {
  readonly region: RegionName
  readonly cluster: Cluster
  readonly shards: number
  /** Undefined: this process takes every shard that it needs. */
  readonly sharing: SharingOptions | undefined
  /** What this process does into the target. */
  readonly work: () => LinkWork
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<ReplicationEvents>
  makeShard(number: number): Shard
  /** Whether a move of a failover group has taken the shard, and is done with it. @defaultValue never */
  wasMoved?(number: number): Promise<boolean>
  /** A replicator that does not share has taken a shard: this process has to stop. */
  onFenced(reason: string): void
}

/** A flow whose produce request is not answered keeps its shard this long; then the next owner fences. */
const RELEASE_WITHIN_MS = 5_000
const ALLOWED_EVERY_MS = 100

/**
 * Which shards of a target this process has: all that it needs where it does not share, else those that the group of
 * replicators gives it. What is taken away is drained, handed over and released before the group hears of it.
 *
 * The assignment only says who should be the owner. Who is, the fence says: this process gives up a shard when it was
 * fenced, and takes it again only when the group gives it to it in a later generation.
 */
export class ShardBoard {
  readonly #options: ShardBoardOptions
  readonly #slots = new Map<number, ShardSlot>()
  readonly #releasing = new Map<number, Promise<void>>()
  /** Shards that are ours or not yet given up, with the generation in which they were assigned. */
  readonly #claims = new Map<number, number>()
  readonly #lent = new Set<number>()
  /** In which uninterrupted stay in the group each shard was taken up. */
  readonly #stints = new Map<number, number>()
  readonly #membership: Membership | undefined
  readonly #news: RepeatedNews
  #trouble: string | undefined
  #isStopping = false

  constructor(options: ShardBoardOptions) {
    this.#options = options
    const { sharing, cluster, shards, work, clock, random } = options
    this.#news = new RepeatedNews(clock)
    if (sharing === undefined) return
    this.#membership = new Membership({
      cluster,
      name: sharing.memberName,
      sessionTimeoutMs: sharing.sessionTimeoutMs,
      shards,
      work,
      clock,
      random,
      claims: () => this.#claims,
      onAssigned: (assignment) => this.#adopt(assignment),
      onTrouble: (reason) => this.#tell(reason),
    })
    this.#membership.start()
  }

  /** Every shard that this process has now. */
  get shards(): Shard[] {
    return [...this.#slots.values()].flatMap(({ shard }) => (shard === undefined ? [] : [shard]))
  }

  get byNumber(): ReadonlyMap<number, Shard> {
    return new Map(this.shards.map((shard) => [shard.number, shard]))
  }

  slot(number: number): ShardSlot {
    const known = this.#slots.get(number)
    if (known !== undefined) return known
    const slot = new ShardSlot(number)
    this.#slots.set(number, slot)
    if (this.#isWanted(number)) this.#hold(slot)
    return slot
  }

  /** A sentence, where the shard is with another replicator or on its way. */
  whereabouts(number: number): string | undefined {
    const assignment = this.#membership?.assignment
    if (assignment === undefined || (assignment.shards.has(number) && !this.#releasing.has(number))) return undefined
    if (this.#releasing.has(number)) return 'it is being handed over to another replicator'
    if (this.differs !== undefined) return 'this process gets no shards, as its links differ'
    const owner = assignment.members.find(({ shards }) => shards.includes(number))
    return owner === undefined ? 'it moves from one replicator to another' : `replicator ${owner.name} has it`
  }

  /** Whether shared work that hangs on the shard is for this process to do. */
  isOwner(number: number): boolean {
    return this.#membership === undefined || this.#membership.assignment?.shards.has(number) === true
  }

  /** Why there is no assignment yet; undefined when there is one, or none is needed. */
  get waiting(): string | undefined {
    if (this.#membership === undefined || this.#membership.assignment !== undefined) return undefined
    return this.#trouble ?? 'joining the other replicators of the target'
  }

  /** Why this process gets no shards, where others that do other work have them; a sentence. */
  get differs(): string | undefined {
    const assignment = this.#membership?.assignment
    const differs = assignment?.members[assignment.self]?.differs ?? null
    return differs === null ? undefined : this.#describeDifference(differs)
  }

  /** The group hears what this process does, where that is not what it has heard. */
  tellWork(): void {
    this.#membership?.tellWork()
  }

  members(): MemberStatus[] {
    const { region: target } = this.#options
    const assignment = this.#membership?.assignment
    return (assignment?.members ?? []).map(({ name, shards, differs }, index) => {
      return { target, name, isThisProcess: index === assignment?.self, shards, differs }
    })
  }

  /** Whether the group vouches for this process as the owner. */
  isVouchedFor(number: number): boolean {
    return this.#membership === undefined || this.#membership.vouchesFor(number)
  }

  /** Resolves when the group vouches for this process as the owner. */
  async untilAllowed(number: number, signal: AbortSignal): Promise<void> {
    while (!this.isVouchedFor(number)) {
      signal.throwIfAborted()
      await pause(this.#options.clock, ALLOWED_EVERY_MS, signal)
    }
  }

  /**
   * Lets go of a shard while somebody else in this process takes it over: with a clean end, as far as its flows allow.
   */
  async lend<Result>(number: number, use: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    this.#lent.add(number)
    const slot = this.#slots.get(number)
    try {
      if (slot !== undefined) await this.#releaseInTime(slot, signal)
      await this.#releasing.get(number)
      return await use()
    } finally {
      this.#lent.delete(number)
      if (slot !== undefined && slot.shard === undefined && this.#isWanted(number)) this.#hold(slot)
    }
  }

  /** This process was frozen: the group may have gone on without it. */
  lookAtOnce(): void {
    this.#membership?.look()
  }

  /** The shard's fence told that somebody else has it. */
  noteLost(number: number, reason: string): void {
    const slot = this.#slots.get(number)
    if (slot?.shard !== undefined) void this.#judgeLoss(slot, reason)
  }

  /** Hands over what there is, then leaves the group. After the flows have stopped. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#isStopping = true
    const held = [...this.#slots.values()].filter(({ shard }) => shard !== undefined)
    await Promise.all([...this.#releasing.values(), ...held.map((slot) => this.#release(slot, signal))])
    await this.#membership?.stop(signal)
  }

  /** The target cluster is another one: nothing is left to hand over. */
  async abandon(reason: string): Promise<void> {
    this.#isStopping = true
    for (const slot of this.#slots.values()) void slot.empty()?.abandon(reason)
    await this.#membership?.stop(AbortSignal.abort(new Error(reason)))
  }

  #isWanted(number: number): boolean {
    const isFree = !this.#releasing.has(number) && !this.#lent.has(number)
    return !this.#isStopping && isFree && this.isOwner(number)
  }

  #hold(slot: ShardSlot): void {
    this.#stints.set(slot.number, this.#membership?.stint ?? 0)
    slot.hold(this.#options.makeShard(slot.number))
  }

  #adopt(assignment: Assignment): void {
    if (this.#isStopping) return
    const { generation, shards, members } = assignment
    this.#trouble = undefined
    const isGiven = (number: number) => shards.has(number)
    const taken = [...this.#claims.keys()].filter((number) => !isGiven(number))
    const gained = [...shards].filter((number) => !this.#claims.has(number))
    for (const number of gained) this.#claims.set(number, generation)
    for (const number of shards) {
      const slot = this.#slots.get(number)
      if (slot !== undefined && slot.shard === undefined && this.#isWanted(number)) this.#hold(slot)
    }
    const { region: target, events } = this.#options
    const names = members.map(({ name }) => name)
    const differing = members.filter(({ differs }) => differs !== null).length
    const counts = { differing, shards: shards.size, gained: gained.length, released: taken.length }
    events.emit('members:assigned', { target, generation, members: names, ...counts })
    for (const { name, differs } of members) {
      if (differs !== null && this.#news.isNews(`work of ${name}`, differs)) {
        events.emit('members:trouble', { target, reason: this.#describeDifference(differs) })
      }
    }
    if (taken.length > 0) void this.#giveUp(taken)
  }

  /** The group gives them to others only when it has heard that they are free. */
  async #giveUp(numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.#giveUpOne(number)))
    if (!this.#isStopping) this.#membership?.joinAgain()
  }

  async #giveUpOne(number: number): Promise<void> {
    const slot = this.#slots.get(number)
    if (slot?.shard !== undefined) {
      await this.#releaseInTime(slot)
    } else {
      await this.#releasing.get(number)
    }
    if (!this.#isWanted(number)) this.#claims.delete(number)
    else if (slot !== undefined && slot.shard === undefined) this.#hold(slot)
  }

  async #releaseInTime(slot: ShardSlot, signal?: AbortSignal): Promise<void> {
    const late = new AbortController()
    const timer = this.#options.clock.setTimer(RELEASE_WITHIN_MS, () => {
      late.abort(new Error(`its flows did not let go within ${RELEASE_WITHIN_MS} ms`))
    })
    await this.#release(slot, signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
    timer.cancel()
  }

  /** Never rejects. When the signal aborts nothing is waited for. */
  async #release(slot: ShardSlot, signal: AbortSignal): Promise<void> {
    const shard = slot.empty()
    if (shard === undefined) return
    const released = untilAborted(shard.release(signal), signal)
      .catch((error: unknown) => this.#tell(describeError(error)))
      .finally(() => this.#releasing.delete(slot.number))
    this.#releasing.set(
      slot.number,
      released.then(() => undefined),
    )
    await released
    const { region: target, events } = this.#options
    if (!shard.isHandedOver) events.emit('shard:let-go', { target, shard: slot.number })
  }

  /**
   * Another member may have it only after the group has put this process out. Where the group has counted on this
   * process ever since it took the shard up, somebody has it who does not share, and to take it back would be a duel.
   * A move of a failover group is neither: it takes a shard for a moment, and says so in the map.
   */
  async #judgeLoss(slot: ShardSlot, reason: string): Promise<void> {
    const { number } = slot
    const membership = this.#membership
    slot.empty()
    if (await this.#wasMoved(number)) {
      if (this.#isWanted(number)) this.#hold(slot)
      return
    }
    if (membership === undefined) {
      this.#options.onFenced(reason)
      return
    }
    this.#claims.delete(number)
    const isOurs = () => this.isOwner(number) && this.#stints.get(number) === membership.stint
    if (isOurs() && (await membership.verify()) && isOurs()) this.#options.onFenced(reason)
    else membership.joinAgain()
  }

  async #wasMoved(number: number): Promise<boolean> {
    try {
      return (await this.#options.wasMoved?.(number)) ?? false
    } catch (error) {
      this.#tell(describeError(error))
      return false
    }
  }

  #describeDifference(difference: string): string {
    const { code, message } = replicationFaults.fault('SHARING_DIFFERS', { target: this.#options.region, difference })
    return `${code}: ${message}`
  }

  #tell(reason: string): void {
    const { region: target, events } = this.#options
    this.#trouble = reason
    if (!this.#isStopping && this.#news.isNews('group', reason)) events.emit('members:trouble', { target, reason })
  }
}
