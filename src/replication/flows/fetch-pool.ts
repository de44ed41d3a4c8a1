import { backoffMs, type Clock, type Random } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { LinkBandwidth } from '../bandwidth.ts'
import type { ByteBudget } from './byte-budget.ts'
import { FetchLoop } from './fetch-loop.ts'
import type { Flow } from './flow.ts'

/** Between two looks for leaders, however many flows ask for one; longer while some have none. */
const REASSIGN_DELAYS = { firstMs: 100, mostMs: 5_000 }

export interface FetchPoolOptions {
  readonly cluster: Cluster
  readonly budget: ByteBudget
  readonly bandwidth: LinkBandwidth
  readonly clock: Clock
  readonly random: Random
  onTrouble(reason: string): void
}

/** The fetch loops of one link, one a source broker, and which flow is with which. */
export class FetchPool {
  readonly #options: FetchPoolOptions
  readonly #loops = new Map<number, { loop: FetchLoop; running: Promise<void> }>()
  readonly #flows = new Set<Flow>()
  readonly #signal: AbortSignal
  #isReassigning = false
  #tries = 1

  constructor(options: FetchPoolOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  add(flow: Flow): void {
    this.#flows.add(flow)
    this.#assign(flow)
  }

  remove(flow: Flow): void {
    this.#flows.delete(flow)
    for (const { loop } of this.#loops.values()) loop.remove(flow)
  }

  /** Resolves once every loop has ended, which they do when the signal aborts. */
  async untilEnded(): Promise<void> {
    await Promise.all([...this.#loops.values()].map(({ running }) => running))
  }

  #assign(flow: Flow): void {
    const { topic, partition } = flow.spec.key
    const leader = this.#options.cluster.leaderOf(topic, partition)
    if (leader === undefined) {
      this.#reassignSoon()
      return
    }
    for (const [nodeId, { loop }] of this.#loops) if (nodeId !== leader.leaderId) loop.remove(flow)
    this.#loopFor(leader.leaderId).add(flow)
  }

  #loopFor(nodeId: number): FetchLoop {
    const known = this.#loops.get(nodeId)
    if (known !== undefined) return known.loop
    const loop = new FetchLoop({ ...this.#options, nodeId, onMoved: () => this.#reassignSoon() })
    this.#loops.set(nodeId, { loop, running: loop.run(this.#signal) })
    return loop
  }

  #reassignSoon(): void {
    if (this.#isReassigning || this.#signal.aborted) return
    this.#isReassigning = true
    const { clock, random } = this.#options
    clock.setTimer(backoffMs(REASSIGN_DELAYS, this.#tries, random), () => {
      void this.#reassign().finally(() => {
        this.#isReassigning = false
        const isLeaderless = [...this.#flows].some((flow) => !this.#hasLeader(flow))
        this.#tries = isLeaderless ? this.#tries + 1 : 1
        if (isLeaderless) this.#reassignSoon()
      })
    })
  }

  async #reassign(): Promise<void> {
    const topics = [...new Set([...this.#flows].map((flow) => flow.spec.key.topic))]
    if (topics.length === 0) return
    try {
      await this.#options.cluster.metadata(topics, this.#signal)
    } catch (error) {
      this.#options.onTrouble(error instanceof Error ? error.message : 'the source did not answer')
      return
    }
    for (const flow of this.#flows) if (this.#hasLeader(flow)) this.#assign(flow)
  }

  #hasLeader(flow: Flow): boolean {
    return this.#options.cluster.leaderOf(flow.spec.key.topic, flow.spec.key.partition) !== undefined
  }
}
