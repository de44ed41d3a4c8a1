import { backoffMs, describeError, isFault, pause, withSignal } from '../../core/index.ts'
import { replicationFaults } from '../faults.ts'
import type { ShardMap } from '../offset-map/index.ts'
import { fenceByTransaction } from './fence.ts'
import { MAP_TOPIC } from './map-topic.ts'
import type { TenureEnd } from './map-writer.ts'
import { type Takeover, type TakeoverContext, takeOver } from './takeover.ts'
import type { TargetLog } from './target-log.ts'
import { Tenure } from './tenure.ts'

/** Data batches do not renew a transactional id; an hour is far below any sensible expiry (7 days by default). */
const RENEW_EVERY_MS = 60 * 60_000
/** How long an idle owner may go on syncing positions and log starts after somebody else has taken over. */
const PROVE_EVERY_MS = 30_000
const TAKEOVER_DELAYS = { firstMs: 200, mostMs: 5_000 }
/** A tenure that lasted this long was sound: the next takeover need not wait. */
const SOUND_TENURE_MS = 60_000
const INVALID_PRODUCER_ID_MAPPING = 49

export interface ShardContext extends TakeoverContext {
  readonly log: TargetLog
  /** Who we are, for the owner record: host and process. */
  readonly processName: string
  onOwned(shard: number, takeover: Takeover, tookMs: number): void
  onTrouble(shard: number, error: unknown): void
  /** Another replicator owns the shard now: this process must not take it back by itself. */
  onLost(shard: number, reason: string): void
  onHandedOver(shard: number): void
  /** Resolves when the shard may be taken over, now or anew. @defaultValue at once */
  readonly untilAllowed?: (signal: AbortSignal) => Promise<void>
}

/**
 * One shard of a target: takes it over, keeps it, and gives it up. Fenced means out: after an INVALID_PRODUCER_EPOCH
 * or PRODUCER_FENCED it never calls InitProducerId again, else two replicators would duel.
 */
export class Shard {
  readonly number: number
  readonly #context: ShardContext
  readonly #controller = new AbortController()
  #current: Tenure | undefined
  #next = Promise.withResolvers<Tenure>()
  #lastMap: ShardMap | undefined
  #isLost = false
  #isHandedOver = false
  #running: Promise<void> | undefined

  constructor(number: number, context: ShardContext) {
    this.number = number
    this.#context = context
    this.#next.promise.catch(() => undefined)
  }

  get current(): Tenure | undefined {
    return this.#current
  }

  /** As it is, or as it was when this process last owned the shard. */
  get map(): ShardMap | undefined {
    return this.#current?.map ?? this.#lastMap
  }

  /** True once its clean end stands in the map. */
  get isHandedOver(): boolean {
    return this.#isHandedOver
  }

  start(): void {
    this.#running ??= this.#run(this.#controller.signal)
  }

  /** The tenure in force, or the next one. Rejects when the signal aborts or the shard is lost for this process. */
  async tenure(signal: AbortSignal): Promise<Tenure> {
    if (this.#current !== undefined) return this.#current
    return withSignal(this.#next.promise, signal)
  }

  /** Asks the coordinator whether producer id and epoch are still ours; if not, the tenure ends. */
  async prove(signal: AbortSignal): Promise<void> {
    const tenure = this.#current
    if (tenure === undefined) return
    const { producerId, producerEpoch } = tenure.identity
    const { doubts } = tenure
    const described = await this.#context.cluster.describeTransaction(tenure.transactionalId, signal)
    if (described === undefined) {
      tenure.end({ kind: 'restart', reason: 'the broker has forgotten the transactional id' })
    } else if (described.producerId !== producerId || described.producerEpoch !== producerEpoch) {
      const evidence = `producer ${described.producerId} epoch ${described.producerEpoch} holds it, this is ${producerId} epoch ${producerEpoch}`
      tenure.end({ kind: 'fenced', reason: evidence })
    } else {
      tenure.confirm(doubts)
    }
  }

  /** Has the flows let go, and records the clean end where nothing can arrive late. */
  async release(signal: AbortSignal): Promise<void> {
    const tenure = this.#current
    if (tenure !== undefined) {
      tenure.windUp('the shard is handed over')
      const onAbort = () => tenure.end({ kind: 'restart', reason: describeError(signal.reason) })
      signal.addEventListener('abort', onAbort, { once: true, signal: tenure.signal })
      if (signal.aborted) onAbort()
      await tenure.untilFree()
      if (tenure.canHandOver) await this.#handOver(tenure)
    }
    this.#controller.abort(new Error('released'))
    tenure?.end({ kind: 'restart', reason: 'released' })
    await this.#running
  }

  /** The target it belonged to is gone: there is nothing to hand over. */
  async abandon(reason: string): Promise<void> {
    this.#controller.abort(new Error(reason))
    this.#current?.end({ kind: 'restart', reason })
    await this.#running
  }

  /** Behind whatever transaction still runs: an open one would cost the successor its epoch + 1. */
  async #handOver(tenure: Tenure): Promise<void> {
    const entry = { kind: 'hand-over' as const, ...tenure.identity, atMs: this.#context.clock.nowMs() }
    await tenure
      .transact(() => tenure.writer.appendLast(entry))
      .then(() => {
        this.#isHandedOver = true
        this.#context.onHandedOver(this.number)
      })
      .catch((error: unknown) => this.#context.onTrouble(this.number, error))
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#context
    for (let tries = 1; !signal.aborted && !this.#isLost; tries++) {
      try {
        const tenure = await this.#takeOver(signal)
        const startedMs = clock.monotonicMs()
        const end = await this.#reign(tenure, signal)
        await tenure.untilFree()
        if (end.kind === 'fenced') this.#lose(end.reason)
        else if (!signal.aborted) this.#context.onTrouble(this.number, new Error(end.reason))
        if (clock.monotonicMs() - startedMs > SOUND_TENURE_MS) tries = 0
      } catch (error) {
        if (signal.aborted) return
        if (isFault(error, 'KAFKA_PRODUCER_FENCED') || isFault(error, 'SHARD_FENCED')) this.#lose(describeError(error))
        else this.#context.onTrouble(this.number, error)
      }
      if (!this.#isLost && tries > 0) await pause(clock, backoffMs(TAKEOVER_DELAYS, tries, random), signal)
    }
  }

  async #takeOver(signal: AbortSignal): Promise<Tenure> {
    const { clock, log, mapTopic, random, processName, untilAllowed } = this.#context
    await untilAllowed?.(signal)
    const startedMs = clock.monotonicMs()
    const takeover = await takeOver(this.#context, this.number, signal)
    const onTrouble = (reason: string) => this.#context.onTrouble(this.number, new Error(reason))
    const context = { log, mapTopicId: mapTopic().topicId, clock, random, onTrouble }
    const tenure = new Tenure(this.number, takeover, context)
    const onAbort = () => tenure.end({ kind: 'restart', reason: 'released' })
    signal.addEventListener('abort', onAbort, { once: true, signal: tenure.signal })
    if (signal.aborted) onAbort()
    const { identity, transactionalId } = takeover
    const entry = { kind: 'owner' as const, ...identity, transactionalId, atMs: clock.nowMs(), processId: processName }
    await tenure.writer.append(entry).catch((error: unknown) => {
      const { ended } = tenure
      if (ended?.kind !== 'fenced') throw error
      const facts = { shard: this.number, target: this.#context.cluster.name, evidence: ended.reason }
      throw replicationFaults.fault('SHARD_FENCED', facts)
    })
    this.#context.onOwned(this.number, takeover, clock.monotonicMs() - startedMs)
    this.#tellUnfenced(takeover)
    const { foreignRecords } = takeover.map
    if (foreignRecords > 0) onTrouble(`${foreignRecords} records in its map partition were not written by its owners`)
    return tenure
  }

  #tellUnfenced({ unfenced }: Takeover): void {
    const sick = unfenced.filter(({ isGone }) => !isGone)
    if (sick.length === 0) return
    const what = sick.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
    const facts = { what, target: this.#context.cluster.name, reason: `not fenced yet: ${sick[0]?.reason}` }
    this.#context.onTrouble(this.number, replicationFaults.fault('TARGET_NOT_READY', facts))
  }

  async #reign(tenure: Tenure, signal: AbortSignal): Promise<TenureEnd> {
    this.#current = tenure
    this.#lastMap = tenure.map
    this.#next.resolve(tenure)
    this.#repeat(tenure, RENEW_EVERY_MS, () => this.#renew(tenure, signal))
    this.#repeat(tenure, PROVE_EVERY_MS, () => this.#proveOrTell(tenure))
    const end = await tenure.untilEnded()
    this.#current = undefined
    this.#next = Promise.withResolvers()
    this.#next.promise.catch(() => undefined)
    return end
  }

  /** Again and again until the tenure ends; the pause counts from the end of a step. */
  #repeat(tenure: Tenure, everyMs: number, step: () => Promise<void>): void {
    if (tenure.signal.aborted) return
    const cancel = () => timer.cancel()
    const timer = this.#context.clock.setTimer(
      everyMs,
      () => {
        tenure.signal.removeEventListener('abort', cancel)
        void step().finally(() => this.#repeat(tenure, everyMs, step))
      },
      { keepAlive: false },
    )
    tenure.signal.addEventListener('abort', cancel, { once: true })
  }

  /** An owner with nothing to write learns only this way that it was fenced. */
  async #proveOrTell(tenure: Tenure): Promise<void> {
    try {
      await this.prove(tenure.signal)
    } catch (error) {
      if (!tenure.signal.aborted) this.#context.onTrouble(this.number, error)
    }
  }

  /** Keeps the transactional id alive with an empty aborted transaction. */
  async #renew(tenure: Tenure, signal: AbortSignal): Promise<void> {
    const { clock, cluster } = this.#context
    const { identity, transactionalId } = tenure
    try {
      await tenure.transact(() =>
        fenceByTransaction(
          { cluster, clock, shard: this.number },
          { transactionalId, ...identity },
          [{ topic: MAP_TOPIC, partition: this.number }],
          AbortSignal.any([signal, tenure.signal]),
        ),
      )
    } catch (error) {
      if (tenure.signal.aborted || signal.aborted) return
      if (isFault(error, 'KAFKA_PRODUCER_FENCED') || isFault(error, 'SHARD_FENCED')) {
        tenure.end({ kind: 'fenced', reason: describeError(error) })
      } else if (isFault(error) && error.facts['code'] === INVALID_PRODUCER_ID_MAPPING) {
        tenure.end({ kind: 'restart', reason: 'the broker has forgotten the transactional id' })
      } else {
        // A transaction left open would be aborted at our epoch + 1, and look like a newer owner.
        tenure.end({ kind: 'restart', reason: `the renewal failed: ${describeError(error)}` })
      }
    }
  }

  #lose(reason: string): void {
    this.#isLost = true
    this.#next.reject(new Error(reason))
    this.#context.onLost(this.number, reason)
  }
}
