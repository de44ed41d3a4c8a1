import { backoffMs, type Clock, Fault, pause, type Random } from '../../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  errorName,
  type FetchedPartition,
  type FetchPartition,
  isRetriableCode,
  readBatch,
} from '../../kafka/index.ts'
import type { LinkBandwidth } from '../bandwidth.ts'
import type { ByteBudget } from './byte-budget.ts'
import { FETCH_BYTES_MIN, FetchAppetite } from './fetch-appetite.ts'
import { FetchSession, SESSION_CODES } from './fetch-session.ts'
import type { Flow } from './flow.ts'
import { judgeUnreadable } from './trouble.ts'
import type { Hearing } from './source-watch.ts'

/** Long poll while every flow of the broker is in the request. */
const WAIT_MS = 500
/** While some are left out for want of room. */
const SHORT_WAIT_MS = 10
/** Pause while no flow of the broker has room. */
const FULL_MS = 5
const IDLE_MS = 200
const RECONNECT_DELAYS = { firstMs: 100, mostMs: 5_000 }

const OFFSET_OUT_OF_RANGE = 1
const UNKNOWN_TOPIC_OR_PARTITION = 3
const UNKNOWN_TOPIC_ID = 100
const MOVED_CODES: ReadonlySet<number> = new Set([5, 6, 9, 72, 74, 75, 76, 78])

export interface FetchLoopOptions {
  readonly cluster: Cluster
  readonly nodeId: number
  readonly budget: ByteBudget
  readonly bandwidth: LinkBandwidth
  readonly clock: Clock
  readonly random: Random
  /** The leader of some of its flows has moved, or the broker is gone: look for leaders again. */
  onMoved(): void
  onTrouble(reason: string): void
}

/** What the broker was asked for a flow. */
interface Asked extends FetchPartition {
  readonly flow: Flow
  readonly generation: number
}

/**
 * Fetches all flows of a link that one source broker leads, over one connection, read_committed, in a fetch session:
 * a round looks only at flows that had an answer, that came or that wait, however many others are idle. Flows without
 * room are left out. What a round may receive is reserved in the byte budget first.
 */
export class FetchLoop {
  readonly #options: FetchLoopOptions
  readonly #flows = new Map<string, Flow>()
  readonly #session = new FetchSession<Asked>()
  /** Those whose place in the session may have to change. */
  readonly #pending = new Set<Flow>()
  readonly #hearing: Hearing = { monotonicMs: 0, atMs: 0 }
  #wakeUp = Promise.withResolvers<void>()
  readonly #appetite = new FetchAppetite()

  constructor(options: FetchLoopOptions) {
    this.#options = options
  }

  add(flow: Flow): void {
    const { spec } = flow
    this.#flows.set(fetchKey(spec.sourceTopicId, spec.key.partition), flow)
    this.#pending.add(flow)
    flow.source.expect()
    this.#wakeUp.resolve()
  }

  remove(flow: Flow): void {
    const { spec } = flow
    const key = fetchKey(spec.sourceTopicId, spec.key.partition)
    if (this.#flows.get(key) !== flow) return
    this.#flows.delete(key)
    this.#pending.delete(flow)
    this.#leaveOut(flow)
  }

  /** Until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    for (let tries = 1; !signal.aborted; tries++) {
      const { cluster, nodeId, clock, random } = this.#options
      let channel: BrokerChannel | undefined
      // A source that no longer answers must not hold up a stop.
      const onAbort = () => void channel?.close()
      signal.addEventListener('abort', onAbort, { once: true })
      // A broker that leads nothing any more may be gone for good.
      while (this.#flows.size === 0 && !signal.aborted) await this.#untilWoken(signal)
      try {
        channel = await cluster.openChannel(nodeId, signal, { inflightMax: 1 })
        this.#session.lose()
        while (!signal.aborted && channel.isOpen) {
          await this.#round(channel, signal)
          tries = 0
        }
      } catch (error) {
        if (signal.aborted) break
        this.#options.onTrouble(error instanceof Error ? error.message : 'the fetch failed')
        this.#options.onMoved()
      } finally {
        signal.removeEventListener('abort', onAbort)
        await channel?.close()
      }
      await pause(clock, backoffMs(RECONNECT_DELAYS, Math.max(tries, 1), random), signal)
    }
  }

  async #round(channel: BrokerChannel, signal: AbortSignal): Promise<void> {
    const { budget, bandwidth } = this.#options
    this.#review()
    if (this.#session.size === 0) {
      await this.#untilWoken(signal)
      return
    }
    const allowed = await bandwidth.take(signal)
    const wanted = Math.min(this.#appetite.wantedBytes, allowed)
    const reserved = await budget.reserve(wanted, Math.min(wanted, FETCH_BYTES_MIN), signal)
    let received = 0
    try {
      this.#review()
      if (this.#session.size > 0) received = await this.#fetch(channel, reserved)
    } finally {
      bandwidth.used(received)
      budget.release(reserved - received)
    }
  }

  /** Takes flows into the session that may be fetched, at their position, and leaves out those that may not. */
  #review(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const flow of this.#pending) {
      const isAsked = flow.isOpen && nowMs >= flow.fetchNotBeforeMs && flow.hasRoom(this.#appetite.partitionBytes)
      // One that is closed comes back by `add` when it has a position again.
      if (isAsked || !flow.isOpen) this.#pending.delete(flow)
      if (isAsked) this.#takeIn(flow)
      else this.#leaveOut(flow)
    }
  }

  /** A link that is paused asks for nothing, so its broker is not told that flows left: it keeps silent of them after. */
  #takeIn(flow: Flow): void {
    const isRemembered = this.#session.put(askFor(flow, this.#appetite.partitionBytes))
    if (!isRemembered) return
    if (flow.source.sight === undefined) this.#session.lose()
    else flow.source.follow(this.#hearing)
  }

  #leaveOut(flow: Flow): void {
    const place = { topicId: flow.spec.sourceTopicId, partition: flow.spec.key.partition }
    if (this.#session.get(place)?.flow !== flow) return
    this.#session.drop(place)
    flow.source.unfollow()
  }

  /** Answers the bytes that flows took: they give them back batch by batch. */
  async #fetch(channel: BrokerChannel, maxBytes: number): Promise<number> {
    const startedMs = this.#options.clock.monotonicMs()
    const response = await channel.fetch({
      maxWaitMs: this.#waitMs(),
      minBytes: 1,
      maxBytes,
      isolation: 'read_committed',
      rack: '',
      ...this.#session.next(),
    })
    if (response.errorCode !== 0 && !SESSION_CODES.has(response.errorCode)) {
      throw new Error(`the fetch was refused with ${errorName(response.errorCode)}`)
    }
    if (!this.#session.settle(response)) return 0
    this.#hearing.monotonicMs = this.#options.clock.monotonicMs()
    this.#hearing.atMs = this.#options.clock.nowMs()
    let taken = 0
    let fullPartitions = 0
    for (const fetched of response.partitions) {
      const asked = this.#session.get(fetched)
      if (asked === undefined) continue
      if (fetched.records.length * 2 >= asked.maxBytes) fullPartitions++
      const { flow, generation, fetchOffset } = asked
      const isCurrent = generation === flow.generation && fetchOffset === flow.fetchOffset
      if (!isCurrent || fetched.errorCode !== 0 || fetched.records.length > 0) this.#pending.add(flow)
      if (isCurrent) taken += this.#deliver(flow, fetched)
    }
    const tookMs = this.#hearing.monotonicMs - startedMs
    this.#appetite.note({ askedBytes: maxBytes, receivedBytes: taken, fullPartitions, tookMs })
    return taken
  }

  #deliver(flow: Flow, fetched: FetchedPartition): number {
    if (fetched.errorCode !== 0) {
      this.#judge(flow, fetched)
      return 0
    }
    flow.observe(fetched)
    flow.source.follow(this.#hearing)
    if (fetched.records.length === 0) return 0
    try {
      const first = readBatch(fetched.records, 0)
      if (first !== undefined && flow.mustCheckEpoch(first.partitionLeaderEpoch)) {
        const reason = `the source's leader epoch is ${first.partitionLeaderEpoch} now: the position is checked`
        flow.end({ kind: 'recover', reason, afterMs: 0 })
        return 0
      }
      flow.accept(fetched)
      return fetched.records.length
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      flow.end(judgeUnreadable(flow.spec.key, error))
      return 0
    }
  }

  #judge(flow: Flow, fetched: FetchedPartition): void {
    const { errorCode } = fetched
    const reason = `the source answered ${errorName(errorCode)}`
    if (errorCode === OFFSET_OUT_OF_RANGE) {
      flow.end({ kind: 'recover', reason, afterMs: 100 })
      return
    }
    const nowMs = this.#options.clock.monotonicMs()
    if (MOVED_CODES.has(errorCode)) {
      if (fetched.currentLeader !== undefined) {
        const { topic, partition } = flow.spec.key
        this.#options.cluster.noteLeader(topic, partition, fetched.currentLeader)
      }
      flow.fetchNotBeforeMs = nowMs + 50
      this.#options.onMoved()
      return
    }
    const isGone = errorCode === UNKNOWN_TOPIC_ID || errorCode === UNKNOWN_TOPIC_OR_PARTITION
    flow.fetchNotBeforeMs = nowMs + (isGone || isRetriableCode(errorCode) ? 1_000 : 5_000)
    flow.source.isGone = isGone
    flow.show('recovering', `waiting: ${reason}`)
    this.#options.onMoved()
  }

  /** Those that run and were left out for want of room, or for a moment, must not wait for the others' next record. */
  #waitMs(): number {
    const nowMs = this.#options.clock.monotonicMs()
    let waitMs = WAIT_MS
    for (const flow of this.#pending) {
      if (!flow.isOpen) continue
      if (!flow.hasRoom(this.#appetite.partitionBytes)) return SHORT_WAIT_MS
      waitMs = Math.min(waitMs, flow.fetchNotBeforeMs - nowMs)
    }
    return Math.max(SHORT_WAIT_MS, Math.round(waitMs))
  }

  async #untilWoken(signal: AbortSignal): Promise<void> {
    this.#wakeUp = Promise.withResolvers()
    await Promise.race([
      this.#wakeUp.promise,
      pause(this.#options.clock, this.#pending.size > 0 ? FULL_MS : IDLE_MS, signal),
    ])
  }
}

function askFor(flow: Flow, maxBytes: number): Asked {
  const { sourceTopicId: topicId, key } = flow.spec
  return {
    flow,
    generation: flow.generation,
    topicId,
    partition: key.partition,
    currentLeaderEpoch: -1,
    fetchOffset: flow.fetchOffset,
    lastFetchedEpoch: -1,
    maxBytes,
  }
}

function fetchKey(topicId: string, partition: number): string {
  return `${topicId}/${partition}`
}
