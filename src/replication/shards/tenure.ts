import type { Clock, Random } from '../../core/index.ts'
import type { ProducerIdentity } from '../../kafka/index.ts'
import type { ShardMap } from '../offset-map/index.ts'
import { MapWriter, type TenureEnd } from './map-writer.ts'
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
  readonly #users = new Set<TenureUser>()
  readonly #whenEnded = Promise.withResolvers<TenureEnd>()
  #whenFree = Promise.withResolvers<void>()
  #isInDoubt = false
  #isUncertain = false

  constructor(
    shard: number,
    takeover: Takeover,
    context: { log: TargetLog; mapTopicId: string; clock: Clock; random: Random },
  ) {
    this.shard = shard
    this.identity = takeover.identity
    this.transactionalId = takeover.transactionalId
    this.map = takeover.map
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

  /** False after a stall of this process, until the coordinator has confirmed that producer id and epoch are still ours. */
  get maySend(): boolean {
    return !this.#isInDoubt && !this.signal.aborted
  }

  doubt(): void {
    this.#isInDoubt = true
  }

  confirm(): void {
    this.#isInDoubt = false
  }

  /** Only while nothing that was ever sent under it can still arrive. */
  get canHandOver(): boolean {
    return !this.#isUncertain && !this.signal.aborted
  }

  enter(user: TenureUser): void {
    this.#users.add(user)
  }

  leave(user: TenureUser): void {
    if (this.#users.delete(user) && !user.isCertain) this.#isUncertain = true
    if (this.#users.size === 0) this.#whenFree.resolve()
  }

  /** Resolves when nobody writes under it any more. */
  async untilFree(): Promise<void> {
    while (this.#users.size > 0) {
      this.#whenFree = Promise.withResolvers()
      await this.#whenFree.promise
    }
  }

  end(end: TenureEnd): void {
    if (this.signal.aborted) return
    this.#whenEnded.resolve(end)
    this.#controller.abort(new Error(`the tenure of shard ${this.shard} ended: ${end.reason}`))
  }

  untilEnded(): Promise<TenureEnd> {
    return this.#whenEnded.promise
  }
}
