import { AT_MOST_ITERATIONS, FEWEST_ITERATIONS, type SecurityPolicy } from './policy-schema.ts'
import { QUOTA_KEYS } from './desired-accounts.ts'
import type { AccountSight } from './plan-accounts.ts'

/** What a policy says of users and quotas that exist, and what it has no words for. */
export interface ImportedAccounts {
  readonly principals: NonNullable<SecurityPolicy['principals']>
  readonly quotas: NonNullable<SecurityPolicy['quotas']>
  /** A sentence each. */
  readonly leftOut: readonly string[]
}

type Principal = ImportedAccounts['principals'][number]
type Quota = ImportedAccounts['quotas'][number]
type Sight<Of extends keyof AccountSight> = AccountSight[Of][number]

/**
 * Users without their passwords, which brokers do not tell, and quotas: pure. Planning what comes of it is empty where it
 * comes from; elsewhere it names the users that lack a `passwordFile`.
 */
export function importAccounts({ users, quotas }: AccountSight): ImportedAccounts {
  const leftOut: string[] = []
  const principals = users.flatMap((user) => principalOf(user, leftOut))
  const limits = quotas.flatMap((quota) => quotaOf(quota, leftOut))
  return {
    principals: principals.sort((a, b) => a.name.localeCompare(b.name)),
    quotas: limits.sort((a, b) => placeOf(a).localeCompare(placeOf(b))),
    leftOut: leftOut.sort(),
  }
}

/** A policy names each principal once: of two mechanisms it has the stronger one. */
function principalOf({ user, credentials }: Sight<'users'>, leftOut: string[]): Principal[] {
  const [best, ...others] = credentials.toSorted((a, b) => b.mechanism.localeCompare(a.mechanism))
  for (const { mechanism } of others) leftOut.push(`${mechanism} of user ${user}, who has ${best?.mechanism} too`)
  if (best === undefined) return []
  const { mechanism, iterations } = best
  if (mechanism === 'unknown') {
    leftOut.push(`a login of user ${user}, by a mechanism that this version does not know`)
    return []
  }
  const isSayable = iterations >= FEWEST_ITERATIONS && iterations <= AT_MOST_ITERATIONS
  if (!isSayable) leftOut.push(`the ${iterations} iterations of user ${user}`)
  const auth = mechanism === 'SCRAM-SHA-512' ? 'scram-sha-512' : 'scram-sha-256'
  return [{ name: `User:${user}`, auth, ...(isSayable && { iterations }) }]
}

function quotaOf({ entity, values }: Sight<'quotas'>, leftOut: string[]): Quota[] {
  const whose = entity.map(({ type, name }) => `${type} ${name ?? '<default>'}`).join(', ')
  const isSayable = entity.every(({ type, name }) => name !== '*' && (type === 'user' || type === 'client-id'))
  const limits: Partial<Record<keyof typeof QUOTA_KEYS, number>> = {}
  for (const { key, value } of values) {
    const name = LIMITS.find((one) => QUOTA_KEYS[one] === key)
    const fits = value > 0 && (name === 'requestPercent' || name === 'mutationsPerSecond' || Number.isInteger(value))
    if (isSayable && name !== undefined && fits) limits[name] = value
    else leftOut.push(`${key} ${value} of ${whose}`)
  }
  if (Object.keys(limits).length === 0) return []
  const nameOf = (type: string) => entity.filter((part) => part.type === type).map(({ name }) => name ?? '*')[0]
  const [user, clientId] = [nameOf('user'), nameOf('client-id')]
  return [
    {
      ...(user !== undefined && { principal: `User:${user}` }),
      ...(clientId !== undefined && { clientId }),
      ...limits,
    },
  ]
}

const LIMITS = Object.keys(QUOTA_KEYS) as (keyof typeof QUOTA_KEYS)[]

function placeOf({ principal = '', clientId = '' }: Quota): string {
  return `${principal} ${clientId}`
}
