import { type Cluster, errorName } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow } from './flow.ts'
import { ProduceLane } from './produce-lane.ts'

const LEADER_NOT_AVAILABLE = 5
/** A broker in trouble makes many flows sick at once: they share so many connections to it. */
const SICK_LANES = 8

/** The produce lanes of one target: one a broker for the healthy flows, and a few for the sick ones. */
export class Lanes implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #beforeRequest: () => void
  readonly #signal: AbortSignal
  readonly #lanes = new Map<string, Promise<ProduceLane>>()

  constructor(cluster: Cluster, options: { beforeRequest: () => void; signal: AbortSignal }) {
    this.#cluster = cluster
    this.#beforeRequest = options.beforeRequest
    this.#signal = options.signal
  }

  /** Fault TARGET_NOT_READY where the partition has no leader or its broker can't be reached. */
  async laneFor(flow: Flow): Promise<ProduceLane> {
    const { targetTopic, partition } = flow.spec.key
    if (this.#cluster.leaderOf(targetTopic, partition) === undefined)
      await this.#cluster.metadata([targetTopic], this.#signal)
    const leader = this.#cluster.leaderOf(targetTopic, partition)
    if (leader === undefined) {
      throw replicationFaults.fault('TARGET_NOT_READY', {
        what: `${targetTopic}-${partition}`,
        target: this.#cluster.name,
        reason: errorName(LEADER_NOT_AVAILABLE),
      })
    }
    const name = flow.isSick ? `${leader.leaderId}/sick-${partition % SICK_LANES}` : String(leader.leaderId)
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const opening = this.#open(name, leader.leaderId)
    this.#lanes.set(name, opening)
    opening.catch(() => this.#lanes.delete(name))
    return opening
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lanes = await Promise.allSettled(this.#lanes.values())
    this.#lanes.clear()
    for (const lane of lanes) if (lane.status === 'fulfilled') await lane.value.close()
  }

  async #open(name: string, nodeId: number): Promise<ProduceLane> {
    const lane = new ProduceLane({
      cluster: this.#cluster,
      nodeId,
      beforeRequest: this.#beforeRequest,
      onClosed: () => this.#lanes.delete(name),
    })
    await lane.open(this.#signal)
    return lane
  }
}
