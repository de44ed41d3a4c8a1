import { createHash } from 'node:crypto'
import { canonicalJson } from '../../core/index.ts'
import type { ClientQuota, ScramMechanism, ScramUser } from '../../kafka/index.ts'
import { type DesiredAccounts, type DesiredUser, entityText, type QuotaValue } from './desired-accounts.ts'

/**
 * What users and quotas a region lacks: pure. What always holds:
 * - a user that is there keeps its password: brokers do not tell whether it is the right one, and an application may be
 *   logged in with it;
 * - a user or a quota that no policy declares is left alone, and none is ever taken away;
 * - no secret is part of a plan or of its hash.
 */
export interface AccountPlan {
  /** To be made. */
  readonly users: readonly PlannedUser[]
  /** Declared, and not as declared, and left so. */
  readonly usersLeft: readonly LeftUser[]
  /** To be set. */
  readonly quotas: readonly QuotaChange[]
}

export interface PlannedUser {
  readonly user: string
  readonly mechanism: ScramMechanism
  readonly iterations: number
}

export interface LeftUser {
  readonly user: string
  readonly mechanism: ScramMechanism
  readonly why: 'no-password' | 'other-iterations'
  readonly reason: string
}

export interface QuotaChange extends QuotaValue {
  /** Null where there is none. */
  readonly found: number | null
}

/** As a region, or one of its brokers, describes them. */
export interface AccountSight {
  readonly users: readonly ScramUser[]
  readonly quotas: readonly ClientQuota[]
}

/** Of users that are made; twice what Kafka's own tools take. */
const ITERATIONS = 8_192
const NONE: AccountPlan = { users: [], usersLeft: [], quotas: [] }

export function planAccounts(desired: DesiredAccounts | undefined, sight: AccountSight | undefined): AccountPlan {
  if (desired === undefined || sight === undefined) return NONE
  const there = new Map(sight.users.map(({ user, credentials }) => [user, credentials]))
  const found = desired.users.map((one) => ({ one, held: heldOf(there.get(one.user), one) }))
  const values = valuesByEntity(sight.quotas)
  return {
    users: found.flatMap(({ one: { user, mechanism, iterations = ITERATIONS, password }, held }) => {
      return held === undefined && password !== undefined ? [{ user, mechanism, iterations }] : []
    }),
    usersLeft: found.flatMap(({ one, held }) => leftOf(one, held)),
    quotas: desired.quotas.flatMap((quota) => {
      const found = values.get(entityText(quota.entity))?.find(({ key }) => key === quota.key)?.value ?? null
      return found === quota.value ? [] : [{ ...quota, found }]
    }),
  }
}

/** Everything that is to be done; what is left is not. */
export function countAccountChanges({ users, quotas }: Pick<AccountPlan, 'users' | 'quotas'>): number {
  return users.length + quotas.length
}

/** Of what is declared. */
export function digestOfDesired(desired: DesiredAccounts | undefined): string {
  const users = desired?.users.map(({ password, iterations, ...user }) => {
    return { ...user, iterations: iterations ?? null, hasPassword: password !== undefined }
  })
  return digest([users ?? [], desired?.quotas ?? []])
}

/** Of what is to be done. */
export function digestOfChanges({ users, quotas }: AccountPlan): string {
  return digest([users, quotas])
}

function heldOf(credentials: ScramUser['credentials'] | undefined, { mechanism }: DesiredUser) {
  return credentials?.find((one) => one.mechanism === mechanism)
}

function leftOf(
  { user, mechanism, iterations, password }: DesiredUser,
  held: ScramUser['credentials'][number] | undefined,
): LeftUser[] {
  if (held === undefined) {
    const reason = 'it is not there, and the policy names no passwordFile to make it with'
    return password === undefined ? [{ user, mechanism, why: 'no-password', reason }] : []
  }
  if (iterations === undefined || iterations === held.iterations) return []
  const reason = `it has ${held.iterations} iterations, not ${iterations}; a password that is there is never written over`
  return [{ user, mechanism, why: 'other-iterations', reason }]
}

function valuesByEntity(quotas: readonly ClientQuota[]): ReadonlyMap<string, ClientQuota['values']> {
  return new Map(quotas.map(({ entity, values }) => [entityText(entity), values]))
}

function digest(value: readonly unknown[]): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url')
}
