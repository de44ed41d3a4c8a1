import type { Clock, Random } from '../../core/index.ts'
import type { ProducerIdentity, TopicPartition } from '../../kafka/index.ts'
import type { ShardMap } from '../offset-map/index.ts'
import { MapWriter, type TenureEnd } from './map-writer.ts'
import type { UnfitPartition, WrittenPartition } from './partition-health.ts'
import type { Takeover } from './takeover.ts'
import type { TargetLog } from './target-log.ts'

/** Somebody who writes under a tenure. */
export interface TenureUser {
  /** False while a request whose fate is unknown may still be appended. */
  readonly isCertain: boolean
}

/**
 * One reign over a shard: from a completed takeover until it is fenced, restarted or handed over. Flows write only
 * under a tenure; when it ends they settle what is in flight, let go of it, and wait for the next.
 */
export class Tenure {
  readonly shard: number
  readonly identity: ProducerIdentity
  readonly transactionalId: string
  readonly map: ShardMap
  readonly writer: MapWriter
  readonly #controller = new AbortController()
  readonly #leaving = new AbortController()
  readonly #users = new Set<TenureUser>()
  readonly #whenEnded = Promise.withResolvers<TenureEnd>()
  readonly #fenceLate: Takeover['fenceLate']
  readonly #unfenced: Map<string, UnfitPartition>
  #whenFree: PromiseWithResolvers<void> | undefined
  #end: TenureEnd | undefined
  #transaction: Promise<void> = Promise.resolve()
  #isInDoubt = false
  #doubts = 0
  #isUncertain = false

  constructor(
    shard: number,
    takeover: Takeover,
    context: {
      log: TargetLog
      mapTopicId: string
      clock: Clock
      random: Random
      onTrouble?: (reason: string) => void
    },
  ) {
    this.shard = shard
    this.identity = takeover.identity
    this.transactionalId = takeover.transactionalId
    this.map = takeover.map
    this.#fenceLate = takeover.fenceLate
    this.#unfenced = new Map(takeover.unfenced.map((one) => [textOf(one), one]))
    this.writer = new MapWriter({
      shard,
      identity: takeover.identity,
      map: takeover.map,
      signal: this.signal,
      onEnd: (end) => this.end(end),
      ...context,
    })
  }

  /** Aborted when the tenure ends. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Aborted when its users have to let go: when the shard goes elsewhere, and when the tenure ends. */
  get letGo(): AbortSignal {
    return this.#leaving.signal
  }

  /** Nothing more is sent under it; what is in flight settles. Before a hand-over. */
  windUp(reason: string): void {
    this.#leaving.abort(new Error(reason))
  }

  /** False after a stall of this process, until the coordinator has confirmed that producer id and epoch are still ours. */
  get maySend(): boolean {
    return !this.#isInDoubt && !this.signal.aborted
  }

  /** How often it was doubted: a proof counts only for the doubts there were when it was asked for. */
  get doubts(): number {
    return this.#doubts
  }

  doubt(): void {
    this.#isInDoubt = true
    this.#doubts++
  }

  confirm(doubts: number): void {
    if (doubts === this.#doubts) this.#isInDoubt = false
  }

  /** Only while nothing that was ever sent, under it or an older one, can still arrive. */
  get canHandOver(): boolean {
    const hasUnfenced = [...this.#unfenced.values()].some(({ isGone }) => !isGone)
    return !this.#isUncertain && !hasUnfenced && this.maySend
  }

  /**
   * To be called before anything is read or sent at a target partition: fences it where the takeover had to leave it
   * out. Only the end of the tenure interrupts it: a transaction that stays open would be aborted by the coordinator,
   * at our epoch + 1.
   */
  async untilFenced(at: TopicPartition): Promise<void> {
    const text = textOf(at)
    if (!this.#unfenced.has(text)) return
    await this.transact(async () => {
      const unfenced = this.#unfenced.get(text)
      if (unfenced === undefined) return
      await this.#fenceLate(unfenced, this.signal)
      this.#unfenced.delete(text)
    })
  }

  /** Fences a partition of whose writers the map says nothing. Faults as those of a takeover. */
  async fence(partition: WrittenPartition): Promise<void> {
    await this.transact(() => this.#fenceLate(partition, this.signal))
  }

  /** The transactional id has one transaction at a time. */
  async transact(step: () => Promise<void>): Promise<void> {
    const mine = this.#transaction.then(step)
    this.#transaction = mine.catch(() => undefined)
    await mine
  }

  enter(user: TenureUser): void {
    this.#users.add(user)
  }

  leave(user: TenureUser): void {
    if (this.#users.delete(user) && !user.isCertain) this.#isUncertain = true
    if (this.#users.size > 0) return
    this.#whenFree?.resolve()
    this.#whenFree = undefined
  }

  /** Resolves when nobody writes under it any more. */
  async untilFree(): Promise<void> {
    while (this.#users.size > 0) {
      this.#whenFree ??= Promise.withResolvers()
      await this.#whenFree.promise
    }
  }

  end(end: TenureEnd): void {
    if (this.signal.aborted) return
    this.#end = end
    this.#whenEnded.resolve(end)
    const reason = `the tenure of shard ${this.shard} ended: ${end.reason}`
    this.#controller.abort(new Error(reason))
    this.windUp(reason)
  }

  untilEnded(): Promise<TenureEnd> {
    return this.#whenEnded.promise
  }

  /** How it ended; undefined while it lasts. */
  get ended(): TenureEnd | undefined {
    return this.#end
  }
}

function textOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
