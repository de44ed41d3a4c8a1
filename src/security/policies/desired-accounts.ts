import type { ClientQuota, ScramMechanism } from '../../kafka/index.ts'
import type { SecurityPolicy } from './policy-schema.ts'

/** The users and quotas that a policy declares, as brokers name them: pure. They are the same in every region. */
export interface DesiredAccounts {
  readonly users: readonly DesiredUser[]
  readonly quotas: readonly QuotaValue[]
}

export interface DesiredUser {
  /** Without `User:`. */
  readonly user: string
  readonly mechanism: ScramMechanism
  /** Undefined: whatever there is; `ITERATIONS` where it is made. */
  readonly iterations: number | undefined
  /** As it is now; undefined where no `passwordFile` is named. */
  readonly password: (() => string) | undefined
}

/** One limit of one entity. */
export interface QuotaValue {
  /** Sorted by type. */
  readonly entity: ClientQuota['entity']
  readonly key: string
  readonly value: number
}

const USER = 'User:'
const MECHANISMS = { 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const
/** Words of a policy, by what brokers call them. */
export const QUOTA_KEYS = {
  producerBytesPerSecond: 'producer_byte_rate',
  consumerBytesPerSecond: 'consumer_byte_rate',
  requestPercent: 'request_percentage',
  mutationsPerSecond: 'controller_mutation_rate',
} as const

type Quota = NonNullable<SecurityPolicy['quotas']>[number]

/** `passwords`: by the names of principals. Undefined where neither users nor quotas are declared. */
export function accountsOf(
  { principals = [], quotas = [] }: Pick<SecurityPolicy, 'principals' | 'quotas'>,
  passwords: ReadonlyMap<string, { reveal(): string }>,
): DesiredAccounts | undefined {
  const users = principals.flatMap(({ name, auth, iterations }): DesiredUser[] => {
    const mechanism = scramMechanismOf(auth)
    if (mechanism === undefined || !name.startsWith(USER)) return []
    const secret = passwords.get(name)
    return [{ user: name.slice(USER.length), mechanism, iterations, password: secret && (() => secret.reveal()) }]
  })
  const values = quotas.flatMap(valuesOf)
  return users.length + values.length === 0 ? undefined : { users, quotas: values }
}

/** Undefined where it is a login of another kind. */
export function scramMechanismOf(login: string): ScramMechanism | undefined {
  return login in MECHANISMS ? MECHANISMS[login as keyof typeof MECHANISMS] : undefined
}

export function valuesOf(quota: Quota): QuotaValue[] {
  const entity = entityOf(quota)
  return Object.entries(QUOTA_KEYS).flatMap(([name, key]) => {
    const value = quota[name as keyof typeof QUOTA_KEYS]
    return value === undefined ? [] : [{ entity, key, value }]
  })
}

function entityOf({ principal, clientId }: Quota): ClientQuota['entity'] {
  const user = principal?.slice(USER.length)
  return [
    ...(clientId === undefined ? [] : [{ type: 'client-id', name: clientId === '*' ? null : clientId }]),
    ...(user === undefined ? [] : [{ type: 'user', name: user === '*' ? null : user }]),
  ]
}

/** The same for the same entity, in whichever order a broker names its parts. */
export function entityText(entity: ClientQuota['entity']): string {
  return entity
    .map(({ type, name }) => `${type} ${name ?? '<default>'}`)
    .sort()
    .join(', ')
}

/** In what two policies of one region contradict each other; undefined where they do not. */
export function findContradiction(one: SecurityPolicy, other: SecurityPolicy): string | undefined {
  const [mine, theirs] = [one, other].map((policy) => accountsOf(policy, new Map()))
  for (const { entity, key, value } of mine?.quotas ?? []) {
    const text = entityText(entity)
    const found = theirs?.quotas.find((it) => it.key === key && entityText(it.entity) === text)
    if (found !== undefined && found.value !== value) return `${key} of ${text}, which is ${found.value}`
  }
  for (const { user, mechanism, iterations } of mine?.users ?? []) {
    const found = theirs?.users.find((it) => it.user === user && it.mechanism === mechanism)?.iterations
    if (iterations !== undefined && found !== undefined && found !== iterations) {
      return `iterations of ${user}, which are ${found}`
    }
  }
  return undefined
}
