import { Connection, describeGroupsV5, describeTransactionsV0, initProducerIdV4 } from '@platformatic/kafka'
import type { AclOperation, Cluster } from '../../src/kafka/index.ts'
import { type AccessQuestion, CLUSTER_NAME } from '../../src/security/authorizer-model.ts'
import type { AdminAccess } from './principals.ts'

/** What a broker decides about whoever asks, told by its answers to ordinary requests. */
export interface Decision {
  readonly question: Omit<AccessQuestion, 'principal' | 'host'>
  readonly isAllowed: boolean
}

export interface AskedNames {
  /** They have to be there. */
  readonly topics: readonly string[]
  readonly groups: readonly string[]
  readonly transactionalIds: readonly string[]
}

const GROUP_DENIED = 30
const ID_DENIED = 53
const TOPIC_DENIED = 29
/** By code of the protocol. */
const OPERATIONS: Readonly<Partial<Record<number, AclOperation>>> = {
  3: 'read',
  4: 'write',
  5: 'create',
  6: 'delete',
  7: 'alter',
  8: 'describe',
  10: 'describe-configs',
  11: 'alter-configs',
}

/** One principal at a region of one broker, which coordinates everything. */
export class DecisionsOf implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #connection: Connection

  private constructor(cluster: Cluster, connection: Connection) {
    this.#cluster = cluster
    this.#connection = connection
  }

  static async open(cluster: Cluster, { address, login }: AdminAccess): Promise<DecisionsOf> {
    const [host = '', port = ''] = address.split(':')
    const sasl = login && { mechanism: 'SCRAM-SHA-512' as const, username: login.username, password: login.password }
    const connection = new Connection('decisions', { ...(login && { tls: { ca: login.ca }, sasl }) })
    await connection.connect(host, Number(port))
    return new DecisionsOf(cluster, connection)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close()
  }

  /**
   * Everything that a visible resource tells of itself, and what can be asked about one that is not. `known`: operations
   * that this version of Kafka tells of, by the kind of resource; what a super user is told.
   */
  async all(names: AskedNames, known: Known | undefined, signal: AbortSignal): Promise<Decision[]> {
    const rights = await this.#cluster.ownRights(names.topics, signal)
    const [topics, groups, ids] = [
      await this.#topics(names.topics, { seen: rights.topics, known }, signal),
      await this.#groups(names.groups, known),
      await this.#transactionalIds(names.transactionalIds),
    ]
    const seen = rights.cluster.includes('describe') ? (known?.cluster ?? rights.cluster) : (['describe'] as const)
    const cluster = seen.map((operation): Decision => {
      const question = { resource: 'cluster', name: CLUSTER_NAME, operation } as const
      return { question, isAllowed: rights.cluster.includes(operation) }
    })
    return [...topics, ...groups, ...ids, ...cluster]
  }

  async #topics(
    names: readonly string[],
    { seen, known }: { readonly seen: ReadonlyMap<string, readonly AclOperation[]>; readonly known: Known | undefined },
    signal: AbortSignal,
  ): Promise<Decision[]> {
    const hidden = names.filter((name) => !seen.has(name))
    const described = hidden.length === 0 ? [] : await this.#cluster.describeTopicConfigs(hidden, signal)
    const ofHidden = described.flatMap(({ topic: name, errorCode }) => [
      { question: { resource: 'topic', name, operation: 'describe' } as const, isAllowed: false },
      {
        question: { resource: 'topic', name, operation: 'describe-configs' } as const,
        isAllowed: errorCode !== TOPIC_DENIED,
      },
    ])
    const ofSeen = [...seen].flatMap(([name, allowed]) =>
      (known?.topic ?? allowed).map((operation) => {
        return { question: { resource: 'topic', name, operation } as const, isAllowed: allowed.includes(operation) }
      }),
    )
    return [...ofHidden, ...ofSeen]
  }

  async #groups(names: readonly string[], known: Known | undefined): Promise<Decision[]> {
    const { groups } = await answerOf(describeGroupsV5.api.async(this.#connection, [...names], true))
    return groups.flatMap(({ groupId: name, errorCode, authorizedOperations }) => {
      const resource = 'group' as const
      if (errorCode === GROUP_DENIED) return [{ question: { resource, name, operation: 'describe' }, isAllowed: false }]
      if (errorCode !== 0) throw new Error(`DescribeGroups of ${name}: ${errorCode}`)
      const allowed = operationsOf(authorizedOperations)
      return (known?.group ?? allowed).map((operation) => {
        return { question: { resource, name, operation }, isAllowed: allowed.includes(operation) }
      })
    })
  }

  async #transactionalIds(names: readonly string[]): Promise<Decision[]> {
    const resource = 'transactional-id' as const
    const described = await answerOf(describeTransactionsV0.api.async(this.#connection, [...names]))
    const decisions: Decision[] = described.transactionStates.map(({ transactionalId: name, errorCode }) => {
      return { question: { resource, name, operation: 'describe' }, isAllowed: errorCode !== ID_DENIED }
    })
    for (const name of names) {
      const { errorCode } = await answerOf(initProducerIdV4.api.async(this.#connection, name, 10_000))
      decisions.push({ question: { resource, name, operation: 'write' }, isAllowed: errorCode !== ID_DENIED })
    }
    return decisions
  }
}

export type Known = Readonly<Record<'topic' | 'group' | 'cluster', readonly AclOperation[]>>

/** What a super user was told of, by the kind of resource. */
export function knownFrom(decisions: readonly Decision[]): Known {
  const of = (resource: string) => [
    ...new Set(decisions.flatMap(({ question }) => (question.resource === resource ? [question.operation] : []))),
  ]
  return { topic: of('topic'), group: of('group'), cluster: of('cluster') }
}

function operationsOf(bits: number): AclOperation[] {
  return Object.entries(OPERATIONS).flatMap(([code, operation]) => {
    return operation !== undefined && (bits & (1 << Number(code))) !== 0 ? [operation] : []
  })
}

/** The library throws answers that hold an error of a single item, with the answer inside. */
async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    const answer = (error as { readonly response?: Answer }).response
    if (answer === undefined) throw error
    return answer
  }
}
