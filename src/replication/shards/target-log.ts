import { type Clock, sleep } from '../../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  errorName,
  type ProduceBatch,
  type ProducedPartition,
} from '../../kafka/index.ts'

/** Answer of one append; a lost connection is a result too: nobody knows then whether it was written. */
export type AppendOutcome =
  | {
      readonly kind: 'answered'
      readonly errorCode: number
      readonly baseOffset: number
      readonly message: string | null
    }
  | { readonly kind: 'unknown'; readonly reason: string }

/**
 * Appends single batches to partitions of the target, for the map: one channel a broker, shared by all shards.
 * It never tries anything again by itself: what an outcome means depends on who asked.
 */
export class TargetLog implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #channels = new Map<number, Promise<BrokerChannel>>()

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  /** `transactionalId`: of the transaction that it is part of. */
  async append(
    batch: ProduceBatch,
    timeoutMs: number,
    signal: AbortSignal,
    transactionalId?: string,
  ): Promise<AppendOutcome> {
    const { topic, partition } = batch
    try {
      const leader = this.#cluster.leaderOf(topic, partition)
      if (leader === undefined) {
        await this.refresh(topic, signal)
        return { kind: 'unknown', reason: 'no leader' }
      }
      const channel = await this.#channelTo(leader.leaderId, signal)
      const request = { timeoutMs, batches: [batch], ...(transactionalId !== undefined && { transactionalId }) }
      const response = await channel.produce(request)
      const answer = response.partitions[0]
      if (answer === undefined) return { kind: 'unknown', reason: 'an empty answer' }
      this.#noteLeader(answer)
      return {
        kind: 'answered',
        errorCode: answer.errorCode,
        baseOffset: answer.baseOffset,
        message: answer.errorMessage,
      }
    } catch (error) {
      signal.throwIfAborted()
      return { kind: 'unknown', reason: error instanceof Error ? error.message : errorName(-1) }
    }
  }

  /** Looks for the leader anew; a cluster that does not answer is the next append's matter. */
  async refresh(topic: string, signal: AbortSignal): Promise<void> {
    await this.#cluster.metadata([topic], signal).catch(async (error: unknown) => {
      if (signal.aborted) throw error
      await sleep(this.#clock, 200, signal)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channels = await Promise.allSettled(this.#channels.values())
    this.#channels.clear()
    for (const channel of channels) if (channel.status === 'fulfilled') await channel.value.close()
  }

  #noteLeader(answer: ProducedPartition): void {
    if (answer.currentLeader !== undefined) {
      this.#cluster.noteLeader(answer.topic, answer.partition, answer.currentLeader)
    }
  }

  #channelTo(nodeId: number, signal: AbortSignal): Promise<BrokerChannel> {
    const known = this.#channels.get(nodeId)
    if (known !== undefined) return known
    const opening = this.#cluster.openChannel(nodeId, signal, { inflightMax: 128 })
    this.#channels.set(nodeId, opening)
    // By the time an old channel says that it is closed, a newer one may have taken its place.
    const forget = () => {
      if (this.#channels.get(nodeId) === opening) this.#channels.delete(nodeId)
    }
    opening.then((channel) => channel.onClose(forget), forget)
    return opening
  }
}
