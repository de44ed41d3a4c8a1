import { backoffMs, type Clock, Fault, pause, type Random } from '../../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  errorName,
  type FetchedPartition,
  isRetriableCode,
  readBatch,
} from '../../kafka/index.ts'
import type { LinkBandwidth } from '../bandwidth.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Flow } from './flow.ts'

const PARTITION_BYTES_MAX = 1024 * 1024
const FETCH_BYTES_MAX = 16 * 1024 * 1024
const FETCH_BYTES_MIN = 1024 * 1024
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

/**
 * Fetches all flows of a link that one source broker leads, over one connection, read_committed. Each round asks for
 * the flows that have room, beginning with another one each time, since a broker fills its answer from the front.
 * What a round may receive is reserved in the byte budget first.
 */
export class FetchLoop {
  readonly #options: FetchLoopOptions
  readonly #flows = new Map<string, Flow>()
  #wakeUp = Promise.withResolvers<void>()
  #turn = 0
  #wantedBytes = FETCH_BYTES_MIN

  constructor(options: FetchLoopOptions) {
    this.#options = options
  }

  add(flow: Flow): void {
    this.#flows.set(fetchKey(flow.spec.sourceTopicId, flow.spec.key.partition), flow)
    this.#wakeUp.resolve()
  }

  remove(flow: Flow): void {
    const key = fetchKey(flow.spec.sourceTopicId, flow.spec.key.partition)
    if (this.#flows.get(key) === flow) this.#flows.delete(key)
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
    const { budget, bandwidth, clock } = this.#options
    const nowMs = clock.monotonicMs()
    const asked = this.#inTurn().filter((flow) => flow.isOpen && flow.hasRoom() && nowMs >= flow.fetchNotBeforeMs)
    if (asked.length === 0) {
      await this.#untilWoken(signal)
      return
    }
    const allowed = await bandwidth.take(signal)
    const wanted = Math.min(this.#wantedBytes, allowed)
    const reserved = await budget.reserve(wanted, Math.min(wanted, FETCH_BYTES_MIN), signal)
    let received = 0
    try {
      const open = asked.filter((flow) => flow.isOpen)
      received = await this.#fetch(channel, open, reserved)
    } finally {
      bandwidth.used(received)
      budget.release(reserved - received)
    }
    const isFull = received * 2 > reserved
    this.#wantedBytes = isFull ? Math.min(FETCH_BYTES_MAX, this.#wantedBytes * 2) : FETCH_BYTES_MIN
  }

  /** Answers the bytes that flows took: they give them back batch by batch. */
  async #fetch(channel: BrokerChannel, flows: readonly Flow[], maxBytes: number): Promise<number> {
    const asked = new Map<string, { flow: Flow; generation: number }>()
    for (const flow of flows) {
      asked.set(fetchKey(flow.spec.sourceTopicId, flow.spec.key.partition), { flow, generation: flow.generation })
    }
    const response = await channel.fetch({
      maxWaitMs: this.#waitMs(),
      minBytes: 1,
      maxBytes,
      isolation: 'read_committed',
      rack: '',
      partitions: flows.map((flow) => ({
        topicId: flow.spec.sourceTopicId,
        partition: flow.spec.key.partition,
        currentLeaderEpoch: -1,
        fetchOffset: flow.fetchOffset,
        lastFetchedEpoch: -1,
        maxBytes: PARTITION_BYTES_MAX,
      })),
    })
    if (response.errorCode !== 0) throw new Error(`the fetch was refused with ${errorName(response.errorCode)}`)
    let taken = 0
    for (const fetched of response.partitions) {
      const entry = asked.get(fetchKey(fetched.topicId, fetched.partition))
      if (entry === undefined || entry.generation !== entry.flow.generation) continue
      taken += this.#deliver(entry.flow, fetched)
    }
    return taken
  }

  #deliver(flow: Flow, fetched: FetchedPartition): number {
    if (fetched.errorCode !== 0) {
      this.#judge(flow, fetched)
      return 0
    }
    flow.observe(fetched)
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
      flow.end({ kind: 'stop', fault: error })
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
    for (const flow of this.#flows.values()) {
      if (!flow.isOpen) continue
      if (!flow.hasRoom()) return SHORT_WAIT_MS
      if (flow.fetchNotBeforeMs > nowMs) waitMs = Math.min(waitMs, flow.fetchNotBeforeMs - nowMs)
    }
    return Math.max(SHORT_WAIT_MS, Math.round(waitMs))
  }

  #inTurn(): Flow[] {
    const flows = [...this.#flows.values()]
    this.#turn = flows.length === 0 ? 0 : (this.#turn + 1) % flows.length
    return [...flows.slice(this.#turn), ...flows.slice(0, this.#turn)]
  }

  async #untilWoken(signal: AbortSignal): Promise<void> {
    this.#wakeUp = Promise.withResolvers()
    await Promise.race([
      this.#wakeUp.promise,
      pause(this.#options.clock, this.#flows.size > 0 ? FULL_MS : IDLE_MS, signal),
    ])
  }
}

function fetchKey(topicId: string, partition: number): string {
  return `${topicId}/${partition}`
}
