import { backoffMs, type Clock, describeError, pause, type Random } from '../../core/index.ts'
import { type Cluster, errorName, type GroupJoin, type GroupMembership } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { digestWork, type LinkWork } from './link-work.ts'
import {
  type AssignedMember,
  type AssignmentMessage,
  decodeAssignment,
  decodeClaims,
  encodeAssignment,
  encodeClaims,
} from './member-messages.ts'
import { planMembers } from './plan-members.ts'

export const SHARDS_GROUP = '__isthmus.shards'
const PROTOCOL_TYPE = 'isthmus'
const PROTOCOL = 'shards'

/** A tenth of the session, so that the others learn soon that somebody has come; a heartbeat costs next to nothing. */
const BEATS_A_SESSION = 10
/** Of the session, the part for which a heartbeat that was answered vouches. */
const LEASE_SHARE = 0.8
/** What moves is free well before. Else whoever held it was killed, came back under its name, and knows nothing of it. */
const MOVED_WITHIN_MS = 10_000
const TELL_FROM_TRY = 5
const RETRY_DELAYS = { firstMs: 50, mostMs: 5_000 }

const ILLEGAL_GENERATION = 22
const UNKNOWN_MEMBER_ID = 25
const REBALANCE_IN_PROGRESS = 27
const MEMBER_ID_REQUIRED = 79
const FENCED_INSTANCE_ID = 82

/** What the group has given to this process. */
export interface Assignment {
  readonly generation: number
  readonly shards: ReadonlySet<number>
  readonly members: readonly AssignedMember[]
  /** Index of this process among them. */
  readonly self: number
}

export interface MembershipContext {
  readonly cluster: Cluster
  /** Unique among the replicators of the target: who comes back under it within the session keeps its shards. */
  readonly name: string
  readonly sessionTimeoutMs: number
  /** Number of shards there are. */
  readonly shards: number
  /** What this process does into the target: it shares with those that do the same. */
  readonly work: () => LinkWork
  readonly clock: Clock
  readonly random: Random
  /** What this process holds: shard to the generation in which it was assigned. */
  claims(): ReadonlyMap<number, number>
  onAssigned(assignment: Assignment): void
  onTrouble(reason: string): void
}

/**
 * This process as a member of the group that shares the shards of a target: joins, sends heartbeats, and joins again
 * when the group asks for it, when it was put out, or when its claims have changed. As the leader it works out the
 * assignment.
 *
 * The group uses the classic protocol with a protocol type of its own, as Kafka Connect's workers do. A member has a
 * static id (KIP-345): a process that comes back within its session gets its shards at once and nothing else moves.
 */
export class Membership {
  readonly #context: MembershipContext
  readonly #group: GroupMembership
  readonly #controller = new AbortController()
  #instanceId: string | null
  #memberId = ''
  #assignment: Assignment | undefined
  #isInGeneration = false
  #isLeader = false
  #stint = 0
  #vouchedMs = -Infinity
  #wantsJoin = false
  #nudge = Promise.withResolvers<void>()
  #verifying: Promise<boolean> | undefined
  #running: Promise<void> | undefined

  constructor(context: MembershipContext) {
    this.#context = context
    this.#instanceId = context.name
    const { sessionTimeoutMs } = context
    this.#group = context.cluster.openMembership({
      groupId: SHARDS_GROUP,
      protocolType: PROTOCOL_TYPE,
      protocol: PROTOCOL,
      sessionTimeoutMs,
      // Nobody has to let go of anything before it joins again.
      rebalanceTimeoutMs: sessionTimeoutMs,
    })
  }

  /** The last one, also while there is no word of the group; undefined before the first. */
  get assignment(): Assignment | undefined {
    return this.#assignment
  }

  /** Goes up when the group may have gone on without this process: others may own since then what it owned before. */
  get stint(): number {
    return this.#stint
  }

  start(): void {
    this.#running ??= this.#run(this.#controller.signal)
  }

  /** Leaves the group, so that the others need not wait for the session to end. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#controller.abort(new Error('stopped'))
    await this.#running
    if (this.#memberId !== '') {
      await this.#leave(signal).catch((error: unknown) => this.#context.onTrouble(describeError(error)))
    }
    await this.#group[Symbol.asyncDispose]()
  }

  /** The group has to hear what this process holds now. */
  joinAgain(): void {
    this.#wantsJoin = true
    this.#nudge.resolve()
  }

  /** The group has to hear what this process does now, unless it has. */
  tellWork(): void {
    const told = this.#assignment?.members[this.#assignment.self]?.work
    if (told !== undefined && told !== digestWork(this.#context.work())) this.joinAgain()
  }

  /** Asks the group at once. */
  look(): void {
    this.#nudge.resolve()
  }

  /**
   * Whether the shard is this process's for the moments to come: the group gave it to it, and took a heartbeat so
   * lately that it cannot have put it out since. Only then may the shard be taken over, or anything be written for it
   * that no fence guards.
   */
  vouchesFor(shard: number): boolean {
    const ageMs = this.#context.clock.monotonicMs() - this.#vouchedMs
    return this.#assignment?.shards.has(shard) === true && ageMs < this.#context.sessionTimeoutMs * LEASE_SHARE
  }

  /** Whether the group still counts on this process as the assignment says. False where it cannot be told. */
  verify(): Promise<boolean> {
    this.#verifying ??= this.#verifyOnce().finally(() => (this.#verifying = undefined))
    return this.#verifying
  }

  async #verifyOnce(): Promise<boolean> {
    if (!this.#isInGeneration) return false
    try {
      const code = await this.#beat(this.#controller.signal)
      return code === 0 || code === REBALANCE_IN_PROGRESS
    } catch {
      return false // The heartbeats that follow tell of the trouble.
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#context
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        if (await this.#join(signal)) {
          tries = 0
          await this.#stay(signal)
          continue
        }
      } catch (error) {
        if (signal.aborted) return
        // A coordinator that is just being found is no news.
        if (tries >= TELL_FROM_TRY) this.#context.onTrouble(describeError(error))
      }
      // The first answers that ask for another try are how one joins.
      if (tries > 2) await pause(clock, backoffMs(RETRY_DELAYS, tries - 2, random), signal)
    }
  }

  /** False: to be tried again. */
  async #join(signal: AbortSignal): Promise<boolean> {
    const { clock, name } = this.#context
    this.#wantsJoin = false
    this.#isInGeneration = false
    const work = this.#context.work()
    const metadata = encodeClaims({ name, claims: this.#context.claims(), work })
    const join = await this.#group.join({ memberId: this.#memberId, instanceId: this.#instanceId, metadata }, signal)
    if (join.errorCode === MEMBER_ID_REQUIRED) this.#memberId = join.memberId
    if (!this.#accept(join.errorCode, 'JoinGroup')) return false
    this.#memberId = join.memberId
    const member = { generation: join.generation, memberId: join.memberId, instanceId: this.#instanceId }
    const sentMs = clock.monotonicMs()
    const sync = await this.#group.sync({ ...member, assignments: this.#assign(join) }, signal)
    if (!this.#accept(sync.errorCode, 'SyncGroup')) return false
    const message = decodeAssignment(sync.assignment)
    if (message === undefined) throw replicationFaults.fault('SHARING_REFUSED', this.#facts('an unreadable assignment'))
    if (message.members[message.self]?.work !== digestWork(work)) {
      // A coordinator keeps the assignment of a static member that comes back, also where its work is another one now.
      await this.#leave(signal)
      return false
    }
    this.#vouchedMs = sentMs
    this.#isInGeneration = true
    this.#isLeader = join.leaderId === join.memberId
    this.#adopt(join.generation, message)
    return true
  }

  async #leave(signal: AbortSignal): Promise<void> {
    const member = { memberId: this.#memberId, instanceId: this.#instanceId }
    this.#memberId = ''
    await this.#group.leave(member, signal)
  }

  #adopt(generation: number, { members, self }: AssignmentMessage): void {
    const shards = new Set(members[self]?.shards)
    this.#assignment = { generation, shards, members, self }
    this.#context.onAssigned(this.#assignment)
  }

  /** The leader's part; nothing from the others. */
  #assign(join: GroupJoin) {
    if (join.leaderId !== join.memberId || join.skipAssignment) return []
    const members = join.members.flatMap(({ memberId, metadata }) => {
      const claims = decodeClaims(metadata)
      return claims === undefined ? [] : [{ memberId, ...claims }]
    })
    const table = planMembers(this.#context.shards, members)
    return members.map(({ memberId }, self) => {
      return { memberId, assignment: encodeAssignment({ members: table, self }) }
    })
  }

  /** Until it has to join again. A coordinator that does not answer is no reason: it may still count on us. */
  async #stay(signal: AbortSignal): Promise<void> {
    const { clock, sessionTimeoutMs } = this.#context
    const sinceMs = clock.monotonicMs()
    while (!signal.aborted && !this.#wantsJoin) {
      await this.#waitAtMost(clock, sessionTimeoutMs / BEATS_A_SESSION, signal)
      if (signal.aborted || this.#wantsJoin) return
      // A coordinator assigns nothing anew for a static member that comes back, but it does for the leader.
      if (this.#isLeader && this.#hasOpenShards() && clock.monotonicMs() - sinceMs > MOVED_WITHIN_MS) return
      try {
        const code = await this.#beat(signal)
        if (code !== 0) return void this.#accept(code, 'Heartbeat')
      } catch (error) {
        if (!signal.aborted) this.#context.onTrouble(describeError(error))
      }
    }
  }

  #hasOpenShards(): boolean {
    const given = this.#assignment?.members.reduce((sum, { shards }) => sum + shards.length, 0)
    return given !== undefined && given < this.#context.shards
  }

  async #beat(signal: AbortSignal): Promise<number> {
    const { clock, sessionTimeoutMs } = this.#context
    const sentMs = clock.monotonicMs()
    const late = new AbortController()
    const timer = clock.setTimer(sessionTimeoutMs / 3, () => late.abort(new Error('the heartbeat was not answered')))
    try {
      const member = { memberId: this.#memberId, instanceId: this.#instanceId }
      const generation = this.#assignment?.generation ?? -1
      const code = await this.#group.heartbeat({ ...member, generation }, AbortSignal.any([signal, late.signal]))
      if (code === 0 || code === REBALANCE_IN_PROGRESS) this.#vouchedMs = sentMs
      else this.#vouchedMs = -Infinity
      return code
    } finally {
      timer.cancel()
    }
  }

  /** Draws the conclusions of a code; false where it means to join again. */
  #accept(code: number, api: string): boolean {
    if (code === 0) return true
    if (code === UNKNOWN_MEMBER_ID || code === FENCED_INSTANCE_ID || code === ILLEGAL_GENERATION) this.#stint++
    switch (code) {
      case UNKNOWN_MEMBER_ID:
        this.#memberId = ''
        break
      case FENCED_INSTANCE_ID:
        // Without a static id from now on, or two of one name would put each other out for ever.
        this.#context.onTrouble(`another replicator has joined under the name ${this.#instanceId} of this one`)
        this.#memberId = ''
        this.#instanceId = null
        break
      case ILLEGAL_GENERATION:
      case MEMBER_ID_REQUIRED:
      case REBALANCE_IN_PROGRESS:
        break
      default:
        throw replicationFaults.fault('SHARING_REFUSED', this.#facts(`${api} answered ${errorName(code)}`))
    }
    return false
  }

  #facts(reason: string) {
    return { target: this.#context.cluster.name, group: SHARDS_GROUP, reason }
  }

  async #waitAtMost(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    await Promise.race([this.#nudge.promise, pause(clock, delayMs, AbortSignal.any([signal, over.signal]))])
    over.abort()
    this.#nudge = Promise.withResolvers()
  }
}
