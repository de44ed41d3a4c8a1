import type {
  AclEntry,
  PolicyDriftBody,
  PolicyPlanBody,
  QuotaBody,
  SecurityApplyBody,
  SecurityDriftBody,
  SecurityPlanBody,
  SecurityRightsBody,
} from '../api/contract/index.ts'
import { plural, renderTable } from './output.ts'

/** What the commands of `isthmus security` print: pure. */
export function describeEntry({ principal, operation, resource, name, pattern, host, permission }: AclEntry): string {
  const on = resource === 'cluster' ? 'the cluster' : `${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
  const from = host === '*' ? '' : ` from ${host}`
  return `${permission} ${principal} ${operation.toUpperCase()} on ${on}${from}`
}

function describeUser({ user, mechanism }: Pick<PolicyPlanBody['users'][number], 'user' | 'mechanism'>): string {
  return `user ${user} of ${mechanism}`
}

function describeQuota({ entity, key, value, found }: QuotaBody): string {
  const whose = entity.map(({ type, name }) => `${type} ${name ?? '(all others)'}`).join(', ')
  return `${key} ${value} of ${whose}${found === null ? '' : ` (it is ${found})`}`
}

export function renderPlans({ plans, troubles }: SecurityPlanBody): string {
  if (plans.length + troubles.length === 0) return 'There is no policy.'
  return [...plans.map(renderPlan), ...renderTroubles(troubles)].join('\n\n')
}

const LISTED_MAX = 50

function renderPlan(plan: PolicyPlanBody): string {
  const { owner, region, hash, additions, removals, left, foreign, standing, lints, obstacles } = plan
  const { users, usersLeft, quotas } = plan
  const counts =
    `${plural(additions.length, 'addition')}, ${plural(removals.length, 'removal')}, ${standing} as declared, ` +
    `${left.length} left standing, ${foreign.length} foreign`
  return [
    `Policy of ${owner} in ${region}, plan ${hash}`,
    `  ${counts}`,
    ...listed(additions.map((entry) => `  + ${describeEntry(entry)}`)),
    ...listed(removals.map((entry) => `  - ${describeEntry(entry)}`)),
    ...listed(left.map(({ entry, reason }) => `  = ${describeEntry(entry)} (${reason})`)),
    ...listed(foreign.map((entry) => `  ~ ${describeEntry(entry)} (foreign)`)),
    ...listed(users.map((one) => `  + ${describeUser(one)}, ${one.iterations} iterations`)),
    ...listed(usersLeft.map((one) => `  = ${describeUser(one)} (${one.reason})`)),
    ...listed(quotas.map((one) => `  + ${describeQuota(one)}`)),
    ...listed(
      lints.map(({ entry, of, reason }) => {
        return `  ! ${describeEntry(entry)}${of === 'region' ? ' (not of a policy)' : ''}: ${reason}`
      }),
    ),
    ...obstacles.map(({ code, reason, remedy }) => `  REFUSED ${code}: ${reason}\n    what to do: ${remedy}`),
  ].join('\n')
}

function listed(lines: readonly string[]): readonly string[] {
  if (lines.length <= LISTED_MAX) return lines
  return [...lines.slice(0, LISTED_MAX), `  ... and ${lines.length - LISTED_MAX} more: --output json has all of them`]
}

function renderTroubles(troubles: SecurityPlanBody['troubles']): string[] {
  return troubles.map(({ owner, region, reason, remedy }) => {
    return `Policy of ${owner} in ${region}: NOT LOOKED AT\n  ${reason}\n  what to do: ${remedy}`
  })
}

export function renderApplied({
  results,
  troubles,
}: {
  readonly results: readonly SecurityApplyBody[]
  readonly troubles: SecurityPlanBody['troubles']
}): string {
  if (results.length + troubles.length === 0) return 'Nothing is to be done.'
  const rows = results.map(({ owner, region, added, removed, users, quotas, resumed, remaining }) => {
    return [owner, region, added, removed, users, quotas, remaining, resumed ? 'an earlier call had begun it' : '']
  })
  const table = renderTable(['OWNER', 'REGION', 'ADDED', 'REMOVED', 'USERS', 'QUOTAS', 'LEFT TO DO', 'NOTE'], rows)
  return [...(results.length === 0 ? [] : [table]), ...renderTroubles(troubles)].join('\n\n')
}

export function renderDrift({ drifts, troubles, entries }: SecurityDriftBody): string {
  if (drifts.length + troubles.length === 0) return 'There is no policy.'
  const head = entries === 0 ? 'Nothing differs.' : `${plural(entries, 'entry', 'entries')} differ.`
  return [head, ...drifts.map(renderOneDrift), ...renderTroubles(troubles)].join('\n\n')
}

function renderOneDrift(drift: PolicyDriftBody): string {
  const { owner, region, missing, extraOwned, extraForeign, changed, users, quotas } = drift
  const lines = [
    ...listed(missing.map((entry) => `  missing        ${describeEntry(entry)}`)),
    ...listed(extraOwned.map((entry) => `  extra, owned   ${describeEntry(entry)}`)),
    ...listed(extraForeign.map((entry) => `  extra, foreign ${describeEntry(entry)}`)),
    ...listed(
      changed.map(({ declared, found }) => {
        return `  changed        ${describeEntry(declared)}\n           found ${describeEntry(found)}`
      }),
    ),
    ...listed(users.map((one) => `  user           ${describeUser(one)}: ${one.reason}`)),
    ...listed(quotas.map((one) => `  quota          ${describeQuota(one)}`)),
  ]
  return [`Policy of ${owner} in ${region}`, ...(lines.length === 0 ? ['  as declared'] : lines)].join('\n')
}

export function renderRights({ role, regions }: SecurityRightsBody): string {
  const blocks = regions.map(({ region, principal, rights }) => {
    const rows = rights.map(({ entry, for: why, optional }) => {
      return [describeWhere(entry), entry.operation.toUpperCase(), optional ? 'optional' : 'needed', why]
    })
    const who = principal ?? 'not known: set fence.principal of the region'
    const table =
      rows.length === 0 ? '  nothing' : renderTable(['ON', 'RIGHT', '', 'FOR'], rows).replaceAll(/^/gm, '  ')
    return `${region}, for ${who}\n${table}`
  })
  return [`Least rights of Isthmus as ${role === 'all' ? 'one process' : role}`, ...blocks].join('\n\n')
}

function describeWhere({ resource, name, pattern }: AclEntry): string {
  return resource === 'cluster' ? 'cluster' : `${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
}

const FLAGS: Readonly<Record<string, string>> = {
  topic: '--topic',
  group: '--group',
  'transactional-id': '--transactional-id',
}

/** One command a resource; what is optional stands in commands of its own, after a comment. */
export function renderRightsAsAcls({ regions }: SecurityRightsBody): string {
  return regions.map(renderRegionAcls).join('\n\n')
}

function renderRegionAcls({ region, bootstrap, principal, rights }: SecurityRightsBody['regions'][number]): string {
  const commands = new Map<string, { readonly operations: string[]; readonly whys: Set<string> }>()
  for (const { entry, for: why, optional } of rights) {
    const { resource, name, pattern } = entry
    const where = resource === 'cluster' ? '--cluster' : `${FLAGS[resource] ?? `--${resource}`} '${name}'`
    const key = `${where}${pattern === 'prefixed' ? ' --resource-pattern-type prefixed' : ''}${optional ? ' #' : ''}`
    const held = commands.get(key) ?? { operations: [], whys: new Set() }
    commands.set(key, held)
    held.operations.push(`--operation ${toKafka(entry.operation)}`)
    for (const one of why.split('; ')) held.whys.add(one)
  }
  const who = principal ?? 'User:isthmus'
  const base = `kafka-acls.sh --bootstrap-server ${bootstrap.join(',')} --command-config admin-${region}.properties --add`
  const lines = [...commands].map(([key, { operations, whys }]) => {
    const isOptional = key.endsWith(' #')
    const where = isOptional ? key.slice(0, -2) : key
    const note = `# ${isOptional ? 'optional: ' : ''}${[...whys].join('; ')}`
    return `${note}\n${base} --allow-principal '${who}' ${where} ${operations.join(' ')}`
  })
  return [`# ${region}, for ${who}`, ...lines].join('\n')
}

/** `alter-configs` as `AlterConfigs`. */
function toKafka(operation: string): string {
  return operation
    .split('-')
    .map((part) => `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`)
    .join('')
}
