import type { GrantReport, GrantVerb } from '../../cli/index.ts'
import { type Config, loadConfig, principalOptionsOf, readAdminLogin, type RegionConfig } from '../../config/index.ts'
import { type Clock, type Random, type RegionName } from '../../core/index.ts'
import { openCluster } from '../../kafka/index.ts'
import {
  DEFAULT_TIMINGS,
  type DesiredUser,
  type Grant,
  type GrantAccess,
  makeGrant,
  planGrant,
  scramMechanismOf,
  securityFaults,
} from '../../security/index.ts'
import { findLeastRights } from './least-rights.ts'

interface GrantContext {
  readonly clock: Clock
  readonly random: Random
}

/**
 * `isthmus security grant`: what Isthmus needs before it can run, put up as somebody who may. Every region is looked at
 * before the first one is changed, so that a login that does not work costs nothing.
 */
export async function runGrant(
  { config: file, admins, isOnlyNeeded, isDryRun }: GrantVerb,
  context: GrantContext,
  signal: AbortSignal,
): Promise<GrantReport> {
  const config = loadConfig(file)
  await using stack = new AsyncDisposableStack()
  const meant = [...admins].map(([name, file]) => {
    const region = regionNamed(config, name)
    const grant = grantOf(config, region, isOnlyNeeded)
    const login = readAdminLogin(region.name, file)
    const options = { ...principalOptionsOf(region, login), clientId: 'isthmus-grant', ...BOUNDS, context }
    const cluster = openCluster(options)
    stack.defer(() => cluster.close())
    const access: GrantAccess = {
      region: region.name,
      cluster,
      accounts: cluster,
      clock: context.clock,
      timings: TIMINGS,
    }
    return { access, grant, by: `User:${login.username}` }
  })
  const planned = await Promise.all(
    meant.map(async (one) => ({ ...one, plan: await planGrant(one.access, one.grant, signal) })),
  )
  if (!isDryRun) for (const { access, ...one } of planned) await makeGrant(access, one, signal)
  return {
    state: isDryRun ? 'planned' : 'granted',
    regions: planned.map(({ access: { region }, by, grant, plan: { accounts, additions } }) => {
      const standing = grant.bindings.length - additions.length
      return { region, by, users: accounts.users, entries: additions, standing }
    }),
  }
}

/** More patient than a fence: nothing waits for it but the person who gave the command. */
const BOUNDS = { requestTimeoutMs: 10_000, connectTimeoutMs: 5_000 }
const TIMINGS = { ...DEFAULT_TIMINGS, callMs: 30_000, lookMs: 10_000, settleMs: 60_000 }

function regionNamed({ regions }: Pick<Config, 'regions'>, name: string): RegionConfig {
  const region = regions.get(name as RegionName)
  if (region !== undefined) return region
  throw securityFaults.fault('GRANT_REGION_UNKNOWN', { region: name, known: [...regions.keys()].join(', ') })
}

/** Of Isthmus and its canary in one region. */
function grantOf(config: Config, { name, sasl, canary, fence }: RegionConfig, isOnlyNeeded: boolean): Grant {
  if (fence.principal === undefined) throw securityFaults.fault('GRANT_PRINCIPAL_UNKNOWN', { region: name })
  const rights = findLeastRights(config, 'all').filter(({ region }) => region === name)
  const wanted = rights.flatMap(({ rights }) => rights).filter(({ isOptional }) => !isOnlyNeeded || !isOptional)
  return { users: [sasl, canary?.sasl].flatMap(userOf), bindings: wanted.map(({ binding }) => binding) }
}

/** Certificates and tokens have no users that could be made. */
function userOf(sasl: RegionConfig['sasl']): DesiredUser[] {
  const mechanism = sasl && scramMechanismOf(sasl.mechanism)
  if (sasl?.username === undefined || mechanism === undefined) return []
  const password = () => {
    const login = sasl.current()
    return 'password' in login ? login.password : ''
  }
  return [{ user: sasl.username, mechanism, iterations: undefined, password }]
}
