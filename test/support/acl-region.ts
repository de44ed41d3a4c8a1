import type {
  AclBinding,
  AclDeletion,
  AclFilter,
  BrokerChannel,
  ClusterMetadata,
  PartitionProducers,
  ProduceRequest,
  ProduceResponse,
} from '../../src/kafka/index.ts'
import { kafkaFaults } from '../../src/kafka/index.ts'
import { isAllowed } from '../../src/security/authorizer-model.ts'
import { bindingKey } from '../../src/security/fences/fence-record.ts'
import type { FenceCluster } from '../../src/security/fences/region-access.ts'
import type { Clock } from '../../src/core/index.ts'

/**
 * A region in memory as fences see it: ACLs go through a controller quorum, which may be frozen, to brokers, which may
 * be slow or silent. What a call asked for while the quorum was frozen comes into force when it thaws, whether or not
 * somebody still waits for the answer: as measured on real brokers.
 */
export class AclRegion {
  readonly topics = new Set<string>()
  readonly producers = new Map<string, PartitionProducers['producers']>()
  /** Values of max.message.bytes. */
  readonly overrides = new Map<string, string>()
  /** They take calls and do not answer, until they are woken. */
  readonly silent = new Set<number>()
  /** They are not among the live brokers. */
  readonly away = new Set<number>()
  readonly lagMs = new Map<number, number>()
  readonly calls: string[] = []
  readonly #clock: Clock
  readonly #brokers: ReadonlyMap<number, Map<string, AclBinding>>
  readonly #superUsers: ReadonlySet<string>
  hasAuthorizer = true
  mayChangeAcls = true
  leaderId = 1
  onAlter: () => void = () => undefined
  #frozen: (() => void)[] | undefined
  #asleep: { readonly nodeId: number; readonly change: () => void }[] = []

  constructor(options: { readonly clock: Clock; readonly brokers?: number; readonly superUsers?: readonly string[] }) {
    this.#clock = options.clock
    this.#superUsers = new Set(options.superUsers ?? ['User:isthmus'])
    this.#brokers = new Map(Array.from({ length: options.brokers ?? 3 }, (_, at) => [at + 1, new Map()]))
  }

  /** Everything in force on the first broker. */
  get bindings(): AclBinding[] {
    return [...(this.#brokers.get(1)?.values() ?? [])]
  }

  /** As another tool does it. */
  put(...bindings: AclBinding[]): void {
    for (const held of this.#brokers.values()) for (const binding of bindings) held.set(bindingKey(binding), binding)
  }

  take(...bindings: AclBinding[]): void {
    for (const held of this.#brokers.values()) for (const binding of bindings) held.delete(bindingKey(binding))
  }

  freezeQuorum(): void {
    this.#frozen ??= []
  }

  thawQuorum(): void {
    const late = this.#frozen ?? []
    this.#frozen = undefined
    for (const change of late) change()
  }

  /** What it was asked meanwhile is carried out. */
  wake(nodeId: number): void {
    this.silent.delete(nodeId)
    this.away.delete(nodeId)
    const late = this.#asleep.filter((it) => it.nodeId === nodeId)
    this.#asleep = this.#asleep.filter((it) => it.nodeId !== nodeId)
    for (const { change } of late) change()
  }

  clientOf(principal: string): FenceCluster {
    const isSuper = this.#superUsers.has(principal)
    const may = (nodeId: number, operation: AclBinding['operation'], name: string) => {
      const held = [...(this.#brokers.get(nodeId)?.values() ?? [])]
      const question = { principal, operation, resource: 'topic', name } as const
      return !this.hasAuthorizer || isSuper || isAllowed(held, question, { allowsWithoutAcl: false })
    }
    return {
      metadata: async () => this.#metadata(),
      describeAcls: (filter, signal, nodeId = this.#anyBroker()) => this.#describe(filter, nodeId, signal),
      createAcls: (bindings, _signal, nodeId) => this.#change('create', bindings, nodeId),
      deleteAcls: (bindings, _signal, nodeId) => this.#change('delete', bindings, nodeId),
      describeTopicConfigs: async (topics) =>
        topics.map((topic) => {
          const errorCode = may(1, 'describe-configs', topic) ? (this.topics.has(topic) ? 0 : 3) : 29
          const value = this.overrides.get(topic)
          const entry = { name: 'max.message.bytes', isReadOnly: false, isSensitive: false }
          const entries = value === undefined ? [] : [{ ...entry, value, source: 'topic' as const }]
          return { topic, errorCode, entries }
        }),
      describeBrokerConfigs: async () => [],
      alterTopicConfigs: async (topic, changes) => {
        for (const value of Object.values(changes)) {
          if (value === null) this.overrides.delete(topic)
          else this.overrides.set(topic, value)
        }
        this.onAlter()
      },
      describeProducers: async (partitions) =>
        partitions.map((it) => ({ ...it, errorCode: 0, producers: this.producers.get(it.topic) ?? [] })),
      openChannel: async (nodeId) =>
        this.#channel(nodeId, (topic) => (may(nodeId, 'write', topic) ? this.#storeCode(nodeId, topic) : 29)),
    }
  }

  #storeCode(nodeId: number, topic: string): number {
    if (nodeId !== this.leaderId) return 6
    return this.overrides.get(topic) === '0' ? 10 : 2
  }

  #anyBroker(): number {
    return [...this.#brokers.keys()].find((nodeId) => !this.silent.has(nodeId) && !this.away.has(nodeId)) ?? 1
  }

  #metadata(): ClusterMetadata {
    const live = [...this.#brokers.keys()].filter((nodeId) => !this.away.has(nodeId))
    const brokers = live.map((nodeId) => ({ nodeId, host: 'b', port: nodeId, rack: null }))
    const topics = [...this.topics].map((name) => ({
      name,
      topicId: name,
      isInternal: false,
      errorCode: 0,
      partitions: [
        { partition: 0, errorCode: 0, leaderId: this.leaderId, leaderEpoch: 0, replicas: [1, 2, 3], isr: [1, 2, 3] },
      ],
    }))
    return { clusterId: 'eu', controllerId: 1, brokers, topics }
  }

  async #describe(filter: AclFilter, nodeId: number, signal: AbortSignal): Promise<AclBinding[]> {
    if (!this.hasAuthorizer) throw refused('DescribeAcls', 54)
    if (this.silent.has(nodeId)) await untilAborted(signal)
    return [...(this.#brokers.get(nodeId)?.values() ?? [])].filter(
      (it) =>
        (filter.resource ?? it.resource) === it.resource &&
        (filter.permission ?? it.permission) === it.permission &&
        (filter.principal ?? it.principal) === it.principal,
    )
  }

  #change(kind: 'create' | 'delete', bindings: readonly AclBinding[], through: number): Promise<AclDeletion[]> {
    this.calls.push(`${kind} ${bindings.length}`)
    if (!this.mayChangeAcls)
      return Promise.resolve(bindings.map(() => ({ errorCode: 31, message: 'a dump', deleted: 0 })))
    return new Promise((resolve) => {
      const change = () => {
        const held = this.#brokers.get(1)
        const deleted = bindings.map((it) => held?.has(bindingKey(it)) === true)
        for (const [nodeId, held] of this.#brokers) {
          const enforce = () => {
            for (const it of bindings) {
              if (kind === 'create') held.set(bindingKey(it), it)
              else held.delete(bindingKey(it))
            }
          }
          const lagMs = this.lagMs.get(nodeId)
          if (lagMs === undefined) enforce()
          else this.#clock.setTimer(lagMs, enforce)
        }
        resolve(bindings.map((_, at) => ({ errorCode: 0, message: null, deleted: deleted[at] ? 1 : 0 })))
      }
      const reach = () => {
        if (this.#frozen === undefined) change()
        else this.#frozen.push(change)
      }
      if (this.silent.has(through)) this.#asleep.push({ nodeId: through, change: reach })
      else reach()
    })
  }

  #channel(nodeId: number, codeOf: (topic: string) => number): BrokerChannel {
    return {
      nodeId,
      isOpen: true,
      onClose: () => undefined,
      fetch: () => Promise.reject(new Error('not here')),
      produce: async ({ batches }: ProduceRequest): Promise<ProduceResponse> => ({
        throttleMs: 0,
        partitions: batches.map(({ topic, partition }) => ({
          topic,
          partition,
          errorCode: codeOf(topic),
          baseOffset: -1,
          logAppendTimeMs: -1,
          logStartOffset: -1,
          recordErrors: [],
          errorMessage: null,
          currentLeader: undefined,
        })),
      }),
      close: () => Promise.resolve(),
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function refused(api: string, code: number): Error {
  return kafkaFaults.fault('KAFKA_REQUEST_FAILED', {
    cluster: 'eu',
    api,
    code,
    name: 'refused',
    meaning: '',
    detail: '',
  })
}
