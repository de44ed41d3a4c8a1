/** What the fake broker holds: topics with their logs, transactional ids, and positions of groups. All in memory. */
import { randomUUID } from 'node:crypto'
import { FakePartition } from './partition.ts'

export interface FakeTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: FakePartition[]
  readonly configs: Map<string, string>
}

export interface FakeTransaction {
  readonly producerId: bigint
  producerEpoch: number
  readonly timeoutMs: number
  state: 'Empty' | 'Ongoing' | 'CompleteAbort' | 'CompleteCommit'
  readonly partitions: Set<string>
}

export interface FakePosition {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

const FIRST_PRODUCER_ID = 1_000n

export class FakeState {
  readonly nodeId = 1
  readonly clusterId = randomUUID()
  port = 0
  readonly topics = new Map<string, FakeTopic>()
  readonly transactions = new Map<string, FakeTransaction>()
  /** By group, then by `topic/partition`. */
  readonly groups = new Map<string, Map<string, FakePosition>>()
  /** Topics to which nobody may write. */
  readonly fenced = new Set<string>()
  #nextProducerId = FIRST_PRODUCER_ID

  createTopic(name: string, partitions: number, configs: Iterable<readonly [string, string]> = []): FakeTopic {
    const logs = Array.from({ length: partitions }, () => new FakePartition())
    const topic = { name, topicId: randomUUID(), partitions: logs, configs: new Map(configs) }
    this.topics.set(name, topic)
    return topic
  }

  partition(topic: string, partition: number): FakePartition | undefined {
    return this.topics.get(topic)?.partitions[partition]
  }

  topicById(topicId: string): FakeTopic | undefined {
    return [...this.topics.values()].find((topic) => topic.topicId === topicId)
  }

  takeProducerId(): bigint {
    return this.#nextProducerId++
  }
}
