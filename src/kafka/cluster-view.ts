import type { Broker, ClusterMetadata, PartitionLeader, TopicMetadata } from './cluster.ts'
import { LEADER_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION } from './errors.ts'

/**
 * What was last heard about a cluster: brokers, controller, leaders. Never asks by itself. A leader is replaced only
 * by one of the same or a later epoch, because brokers hear of elections at different times; the exception is a topic
 * that was recreated, whose epochs start again.
 */
interface TopicView {
  readonly topicId: string
  /** Why there are no partitions: missing, not authorized, ...; 0 where there are some. */
  readonly errorCode: number
  readonly leaders: Map<number, PartitionLeader>
}

export class ClusterView {
  readonly #brokers = new Map<number, Broker>()
  readonly #topics = new Map<string, TopicView>()
  #controllerId = -1

  get brokers(): readonly Broker[] {
    return [...this.#brokers.values()]
  }

  get controllerId(): number {
    return this.#controllerId
  }

  broker(nodeId: number): Broker | undefined {
    return this.#brokers.get(nodeId)
  }

  leaderOf(topic: string, partition: number): PartitionLeader | undefined {
    const leader = this.#topics.get(topic)?.leaders.get(partition)
    return leader === undefined || leader.leaderId < 0 ? undefined : leader
  }

  /** Why `leaderOf` knows none: 5 for an election, 3 for what does not exist or was never asked for, else the topic's. */
  codeOf(topic: string, partition: number): number {
    const view = this.#topics.get(topic)
    if (view?.leaders.has(partition)) return LEADER_NOT_AVAILABLE
    return view?.errorCode || UNKNOWN_TOPIC_OR_PARTITION
  }

  noteLeader(topic: string, partition: number, leader: PartitionLeader): void {
    const leaders = this.#topics.get(topic)?.leaders
    const known = leaders?.get(partition)
    if (known === undefined || leader.leaderEpoch >= known.leaderEpoch) leaders?.set(partition, leader)
  }

  /** A broker that another answer named, such as a coordinator. */
  noteBroker(broker: Omit<Broker, 'rack'>): void {
    const known = this.#brokers.get(broker.nodeId)
    if (known?.host === broker.host && known.port === broker.port) return
    this.#brokers.set(broker.nodeId, { ...broker, rack: known?.rack ?? null })
  }

  forgetController(): void {
    this.#controllerId = -1
  }

  forgetTopic(topic: string): void {
    this.#topics.delete(topic)
  }

  apply(metadata: ClusterMetadata, scope: 'all' | 'named'): void {
    this.#brokers.clear()
    for (const broker of metadata.brokers) this.#brokers.set(broker.nodeId, broker)
    this.#controllerId = metadata.controllerId
    const heard = new Set(metadata.topics.map(({ name }) => name))
    if (scope === 'all') {
      for (const topic of this.#topics.keys()) if (!heard.has(topic)) this.#topics.delete(topic)
    }
    for (const topic of metadata.topics) this.#applyTopic(topic)
  }

  #applyTopic({ name, topicId, errorCode, partitions }: TopicMetadata): void {
    let view = this.#topics.get(name)
    if (view?.topicId !== topicId || view.errorCode !== errorCode) {
      view = { topicId, errorCode, leaders: new Map() }
      this.#topics.set(name, view)
    }
    for (const { partition, leaderId, leaderEpoch } of partitions) {
      const known = view.leaders.get(partition)
      if (known?.leaderId === leaderId && known.leaderEpoch === leaderEpoch) continue
      if (known === undefined || leaderEpoch >= known.leaderEpoch) {
        view.leaders.set(partition, { leaderId, leaderEpoch })
      }
    }
  }
}
