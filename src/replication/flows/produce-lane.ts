import { describeError } from '../../core/index.ts'
import type { BrokerChannel, Cluster, ProduceResponse } from '../../kafka/index.ts'
import type { Flow, FlowLane } from './flow.ts'
import type { QueuedBatch } from './outgoing-queue.ts'

/** Bound of the broker's own wait for replicas: a partition that needs longer holds up the others of its request. */
const PRODUCE_TIMEOUT_MS = 5_000
const REQUEST_BYTES_MAX = 1024 * 1024
const REQUEST_BATCHES_MAX = 500
/** A broker serves one request of a connection at a time; the depth hides the way there and back. */
const INFLIGHT_REQUESTS_MAX = 16

export interface LaneOptions {
  readonly cluster: Cluster
  readonly nodeId: number
  /** Called before each request: looks whether this process may have slept through a change of ownership. */
  beforeRequest(): void
  onClosed(): void
}

/**
 * One produce connection to one target broker. Flows that have something to send queue up; each request takes one
 * batch a flow, in turns, so that a hot partition cannot starve the rest. A lane lives as long as its connection.
 */
export class ProduceLane implements FlowLane {
  readonly #options: LaneOptions
  readonly #ready: Flow[] = []
  readonly #isQueued = new Set<Flow>()
  #channel: BrokerChannel | undefined
  #inflight = 0
  #isClosed = false
  #isScheduled = false

  constructor(options: LaneOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  async open(signal: AbortSignal): Promise<void> {
    const { cluster, nodeId } = this.#options
    this.#channel = await cluster.openChannel(nodeId, signal, { inflightMax: INFLIGHT_REQUESTS_MAX })
    this.#channel.onClose(() => this.#close())
  }

  ready(flow: Flow): void {
    if (this.#isClosed) {
      flow.end({ kind: 'recover', reason: 'the connection to the target broker was lost', afterMs: 100 })
      return
    }
    if (!this.#isQueued.has(flow)) {
      this.#isQueued.add(flow)
      this.#ready.push(flow)
    }
    if (this.#isScheduled) return
    this.#isScheduled = true
    // Flows fed by the same fetch answer become ready one after the other: let them share a request.
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#pump()
    })
  }

  async close(): Promise<void> {
    this.#close()
    await this.#channel?.close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const waiting = this.#ready.splice(0)
    this.#isQueued.clear()
    for (const flow of waiting)
      flow.end({ kind: 'recover', reason: 'the connection to the target broker was lost', afterMs: 100 })
    this.#options.onClosed()
  }

  #pump(): void {
    const channel = this.#channel
    if (channel === undefined) return
    while (!this.#isClosed && this.#inflight < INFLIGHT_REQUESTS_MAX) {
      this.#options.beforeRequest()
      const taken = this.#gather()
      if (taken.length === 0) return
      this.#inflight++
      this.#send(channel, taken).then(
        () => this.#pump(),
        (error: unknown) => {
          throw error
        },
      )
    }
  }

  /** One batch a flow; a flow with more goes to the end of the line. */
  #gather(): Taken[] {
    const taken: Taken[] = []
    let bytes = 0
    const again: Flow[] = []
    const options = { mayMerge: this.#inflight >= INFLIGHT_REQUESTS_MAX - 1 }
    while (this.#ready.length > 0 && bytes < REQUEST_BYTES_MAX && taken.length < REQUEST_BATCHES_MAX) {
      const flow = this.#ready.shift()
      if (flow === undefined) break
      this.#isQueued.delete(flow)
      const batch = flow.takeBatch(options)
      if (batch === undefined) continue
      bytes += batch.bytes.length
      taken.push({ flow, batch })
      again.push(flow)
    }
    for (const flow of again) flow.wake()
    return taken
  }

  async #send(channel: BrokerChannel, taken: readonly Taken[]): Promise<void> {
    let response: ProduceResponse | undefined
    let reason = 'the broker left it out of its answer'
    try {
      response = await channel.produce({
        timeoutMs: PRODUCE_TIMEOUT_MS,
        batches: taken.map(({ flow: { spec }, batch }) => ({
          topic: spec.key.targetTopic,
          topicId: spec.targetTopicId,
          partition: spec.key.partition,
          batch: batch.bytes,
        })),
      })
    } catch (error) {
      reason = describeError(error)
    }
    this.#inflight--
    const answers = new Map(response?.partitions.map((one) => [`${one.topic}/${one.partition}`, one]))
    for (const { flow, batch } of taken) {
      const { targetTopic, partition } = flow.spec.key
      const answer = answers.get(`${targetTopic}/${partition}`)
      if (answer === undefined) {
        flow.lose(batch, reason)
        continue
      }
      if (answer.currentLeader !== undefined) {
        this.#options.cluster.noteLeader(targetTopic, partition, answer.currentLeader)
      }
      flow.acknowledge(batch, answer)
    }
  }
}

interface Taken {
  readonly flow: Flow
  readonly batch: QueuedBatch
}
