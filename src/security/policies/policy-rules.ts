import { isIP } from 'node:net'
import { ANY, OPERATIONS_OF } from '../authorizer-model.ts'
import { valuesOf } from './desired-accounts.ts'
import { bindingOf } from './expand-policy.ts'
import { isOverlay } from './overlay.ts'
import type { PolicyAcl, SecurityPolicy } from './policy-schema.ts'

/** What is wrong with a policy of the right shape: pure. */
export interface PolicyMistake {
  readonly path: readonly (string | number)[]
  readonly rule: string
  readonly remedy: string
}

export function findPolicyMistakes(policy: SecurityPolicy): PolicyMistake[] {
  const { applies, principals = [], quotas = [], roles = [], acls = [], baseline } = policy
  const mistakes: PolicyMistake[] = []
  if ((applies.failoverGroup === undefined) === (applies.regions === undefined)) {
    const rule = applies.regions === undefined ? 'it names no region' : 'it names regions in two ways'
    mistakes.push({ path: ['applies'], rule, remedy: 'give either failoverGroup or regions' })
  }
  if (principals.length + quotas.length + roles.length + acls.length === 0 && baseline === undefined) {
    const remedy = 'give it roles or acls; to end a policy, take its file out of security.policies'
    mistakes.push({ path: [], rule: 'it declares nothing', remedy })
  }
  if (policy.enforceRemovals === true && policy.enforce !== true) {
    const rule = 'nothing is enforced'
    mistakes.push({ path: ['enforceRemovals'], rule, remedy: 'set enforce: true too, or remove it' })
  }
  mistakes.push(...findPrincipalMistakes(principals), ...findQuotaMistakes(quotas))
  for (const [at, { produce, consume }] of roles.entries()) {
    if (produce !== undefined || consume !== undefined) continue
    mistakes.push({ path: ['roles', at], rule: 'it allows nothing', remedy: 'give it produce or consume' })
  }
  return [...mistakes, ...acls.flatMap((entry, at) => findEntryMistakes(entry).map((it) => place(it, at)))]
}

function findPrincipalMistakes(principals: NonNullable<SecurityPolicy['principals']>): PolicyMistake[] {
  const mistakes: PolicyMistake[] = []
  for (const [at, { name, auth, passwordFile, iterations }] of principals.entries()) {
    const path = ['principals', at]
    const first = principals.findIndex((it) => it.name === name)
    if (first !== at) {
      const rule = `"${name}" is already principals[${first}]`
      mistakes.push({ path: [...path, 'name'], rule, remedy: 'name each once' })
    }
    if (passwordFile !== undefined && !auth.startsWith('scram-')) {
      const rule = `brokers keep no password for ${auth}`
      mistakes.push({ path: [...path, 'passwordFile'], rule, remedy: 'remove it, or use SCRAM' })
    }
    if (iterations !== undefined && !auth.startsWith('scram-')) {
      const rule = `there are no iterations of ${auth}`
      mistakes.push({ path: [...path, 'iterations'], rule, remedy: 'remove it, or use SCRAM' })
    }
  }
  return mistakes
}

function findQuotaMistakes(quotas: NonNullable<SecurityPolicy['quotas']>): PolicyMistake[] {
  const mistakes: PolicyMistake[] = []
  const seen = new Map<string, number>()
  for (const [at, quota] of quotas.entries()) {
    const { principal, clientId } = quota
    const path = ['quotas', at]
    if (principal === undefined && clientId === undefined) {
      mistakes.push({ path, rule: 'it is of nobody', remedy: 'give it a principal, a clientId, or both' })
    }
    if (principal !== undefined && !principal.startsWith('User:')) {
      const rule = 'brokers limit users, and no other kind of principal'
      mistakes.push({ path: [...path, 'principal'], rule, remedy: 'name a User:' })
    }
    if (valuesOf(quota).length === 0) mistakes.push({ path, rule: 'it limits nothing', remedy: 'give it a limit' })
    const whose = `${principal ?? ''} ${clientId ?? ''}`
    const first = seen.get(whose)
    if (first === undefined) seen.set(whose, at)
    else mistakes.push({ path, rule: `that is quotas[${first}] already`, remedy: 'put both into one' })
  }
  return mistakes
}

type EntryMistake = readonly [key: keyof PolicyAcl | undefined, rule: string, remedy: string]

function place([key, rule, remedy]: EntryMistake, at: number): PolicyMistake {
  return { path: ['acls', at, ...(key === undefined ? [] : [key])], rule, remedy }
}

function findEntryMistakes(entry: PolicyAcl): EntryMistake[] {
  const { operation, resource, name, pattern, host = ANY } = entry
  const mistakes: EntryMistake[] = []
  const known = OPERATIONS_OF[resource]
  if (operation !== 'all' && !known.includes(operation)) {
    mistakes.push(['operation', `${operation} means nothing on a ${resource}`, `use one of all, ${known.join(', ')}`])
  }
  if (resource === 'cluster' && (name !== undefined || pattern === 'prefixed')) {
    mistakes.push([name === undefined ? 'pattern' : 'name', 'there is only one cluster', 'remove it'])
  }
  if (resource !== 'cluster' && name === undefined) {
    mistakes.push(['name', 'missing', 'name the resource, or give * for every one'])
  }
  if (pattern === 'prefixed' && name === '*') {
    mistakes.push(['pattern', 'that is about names that begin with *', 'use literal for every name'])
  }
  if (host !== ANY && isIP(host) === 0) {
    mistakes.push(['host', `"${host}" is no address, and brokers compare nothing else`, 'give an address, or *'])
  }
  if (isOverlay(bindingOf(entry))) {
    const rule = 'fences are made of such entries, and they come and go with them'
    mistakes.push([undefined, rule, 'leave out what allows it, or deny another operation or a single host'])
  }
  return mistakes
}
