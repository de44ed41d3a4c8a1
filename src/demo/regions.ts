import { describeError, systemClock, systemRandom } from '../core/index.ts'
import { type AclBinding, openCluster } from '../kafka/index.ts'
import { createWorkloadClient, GROUPS, type LocalRegion, type LocalUser, startRegion } from '../local/index.ts'
import type { Scope, StageOptions } from './scope.ts'

/**
 * The regions of the demo: one broker each, with TLS, logins and an authorizer, because only a region that has one can
 * be fenced. Isthmus is a super user; the applications may write what their entries allow, and so may the canary by
 * which fences are proved.
 */
export const USERS = { isthmus: 'isthmus', application: 'app', canary: 'canary' } as const
type UserName = (typeof USERS)[keyof typeof USERS]

/** Topics and groups of the workload begin with these. */
export const TOPIC_PREFIXES = ['sensors.', 'weather.'] as const

/** All of them, or none: what has started stops with the stack. */
export async function startRegions(
  names: readonly string[],
  { engine }: Pick<StageOptions, 'engine'>,
  { stack, signal, say }: Scope,
): Promise<readonly LocalRegion[]> {
  const start = async (name: string) => {
    const access = { secured: true, superUsers: [USERS.isthmus] }
    const options = { name, engine, brokers: 1, ...access } as const
    const region = stack.use(await startRegion({ ...options, signal, onProgress: say }))
    await grantRights(region, signal)
    return region
  }
  const started = await Promise.allSettled(names.map(start))
  return started.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

export function findRegion(regions: readonly LocalRegion[], name: string): LocalRegion {
  const region = regions.find((it) => it.name === name)
  if (region !== undefined) return region
  throw new Error(`there is no region ${name}; there are ${regions.map((it) => it.name).join(', ')}`)
}

/** A client as the workload sets it up, under one of the users. */
export function clientOf(region: LocalRegion, name: UserName): ReturnType<typeof createWorkloadClient> {
  const { username, password } = userOf(region, name)
  const ca = [region.security?.tls.ca ?? '']
  return createWorkloadClient(region.bootstrap, {
    ssl: { ca },
    sasl: { mechanism: 'scram-sha-512', username, password },
  })
}

export function userOf(region: LocalRegion, name: UserName): LocalUser {
  const user = region.security?.users.find(({ username }) => username === name)
  if (user === undefined) throw new Error(`region ${region.name} has no user ${name}`)
  return user
}

/** What the applications and the canary may do in every region; nobody else may do anything but super users. */
export function applicationRights(): AclBinding[] {
  const allow = (user: UserName, entry: Pick<AclBinding, 'resource' | 'name' | 'operation'>): AclBinding => {
    return { ...entry, pattern: 'prefixed', principal: `User:${user}`, host: '*', permission: 'allow' }
  }
  const { application, canary } = USERS
  const transactional = { resource: 'transactional-id', name: GROUPS.analytics, operation: 'write' } as const
  return [
    ...TOPIC_PREFIXES.flatMap((name) => [
      allow(application, { resource: 'topic', name, operation: 'read' }),
      allow(application, { resource: 'topic', name, operation: 'write' }),
      allow(canary, { resource: 'topic', name, operation: 'write' }),
    ]),
    ...Object.values(GROUPS).map((name) => allow(application, { resource: 'group', name, operation: 'read' })),
    allow(application, transactional),
  ]
}

async function grantRights(region: LocalRegion, signal: AbortSignal): Promise<void> {
  const { name, bootstrap, security } = region
  const sasl = { mechanism: 'scram-sha-512', ...userOf(region, USERS.isthmus) } as const
  const context = { clock: systemClock, random: systemRandom }
  const cluster = openCluster({ name, bootstrap, tls: { ca: security?.tls.ca ?? '' }, sasl, context })
  try {
    const [broker] = (await cluster.metadata([], signal)).brokers
    const outcomes = await cluster.createAcls(applicationRights(), signal, broker?.nodeId ?? 1)
    const refused = outcomes.find(({ errorCode }) => errorCode !== 0)
    if (refused !== undefined) throw new Error(`rights in ${name}: ${refused.message ?? refused.errorCode}`)
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(`region ${name} takes no rights: ${describeError(error)}`, { cause: error })
  } finally {
    await cluster.close()
  }
}
