import type { ClientQuota, NewScramCredential, ScramUser } from '../../src/kafka/index.ts'
import { kafkaFaults } from '../../src/kafka/index.ts'
import type { AccountCluster } from '../../src/security/policies/apply-accounts.ts'
import { entityText } from '../../src/security/policies/desired-accounts.ts'

/** Users and quotas of a region of two brokers, of which the second may be some looks behind. */
export class AccountsInMemory implements AccountCluster {
  readonly users = new Map<string, NewScramCredential>()
  readonly quotas = new Map<string, ClientQuota>()
  readonly calls: string[] = []
  /** How many looks at the second broker show nothing of what came last. */
  looksBehind = 0
  mayChange = true
  #before: { readonly users: readonly NewScramCredential[]; readonly quotas: readonly ClientQuota[] } | undefined

  /** As another tool does it. */
  putUser(user: string, password: string, iterations = 4_096): void {
    this.users.set(`${user} SCRAM-SHA-512`, { user, mechanism: 'SCRAM-SHA-512', iterations, password })
  }

  putQuota(user: string | null, key: string, value: number): void {
    const quota = { entity: [{ type: 'user', name: user }], values: [{ key, value }] }
    this.quotas.set(entityText(quota.entity), quota)
  }

  readonly metadata: AccountCluster['metadata'] = async () => {
    const brokers = [1, 2].map((nodeId) => ({ nodeId, host: 'b', port: nodeId, rack: null }))
    return { clusterId: 'eu', controllerId: 1, brokers, topics: [] }
  }

  readonly describeScramUsers: AccountCluster['describeScramUsers'] = async (_signal, nodeId) => {
    this.calls.push('describe users')
    const users = new Map<string, ScramUser>()
    for (const { user, mechanism, iterations } of this.#seenBy(nodeId).users) {
      const credentials = [...(users.get(user)?.credentials ?? []), { mechanism, iterations }]
      users.set(user, { user, credentials })
    }
    return [...users.values()]
  }

  readonly describeQuotas: AccountCluster['describeQuotas'] = async (_signal, nodeId) => {
    this.calls.push('describe quotas')
    return this.#seenBy(nodeId).quotas
  }

  readonly putScramCredentials: AccountCluster['putScramCredentials'] = async (credentials) => {
    this.#change(`put ${credentials.map(({ user }) => user).join(' ')}`)
    for (const one of credentials) this.users.set(`${one.user} ${one.mechanism}`, one)
  }

  readonly setQuotas: AccountCluster['setQuotas'] = async (quotas) => {
    this.#change(`set ${quotas.map(({ entity }) => entityText(entity)).join(' ')}`)
    for (const { entity, values } of quotas) {
      const text = entityText(entity)
      const others = (this.quotas.get(text)?.values ?? []).filter(({ key }) => !values.some((one) => one.key === key))
      this.quotas.set(text, { entity, values: [...others, ...values] })
    }
  }

  #change(call: string): void {
    this.calls.push(call)
    const facts = { cluster: 'eu', api: 'Alter', code: 31, name: 'refused', meaning: '', detail: '' }
    if (!this.mayChange) throw kafkaFaults.fault('KAFKA_REQUEST_FAILED', facts)
    if (this.looksBehind > 0) this.#before = this.#all()
  }

  #seenBy(nodeId: number | undefined) {
    if (nodeId !== 2 || this.looksBehind === 0) return this.#all()
    this.looksBehind--
    return this.#before ?? this.#all()
  }

  #all() {
    return { users: [...this.users.values()], quotas: [...this.quotas.values()] }
  }
}
