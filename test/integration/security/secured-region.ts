import { createEvents, type Events, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type AclBinding, type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, type RegionOptions, startRegion } from '../../../src/local/index.ts'
import { settleAcls } from '../../../src/security/fences/settle-acls.ts'
import {
  DEFAULT_TIMINGS,
  FENCE_REQUEST_TIMEOUT_MS,
  RegionFences,
  type RegionFencesOptions,
  type SecurityEvents,
} from '../../../src/security/index.ts'
import { RecordsInMemory } from '../../support/fence-records.ts'

/** A real region with an authorizer, with clients of its super user, of an application and of a principal without rights. */
export interface SecuredRegion extends AsyncDisposable {
  readonly region: LocalRegion
  readonly admin: Cluster
  readonly app: Cluster
  /** `User:isthmus`: no super user. */
  readonly ordinary: Cluster
  /** Another client, with more time than a fence has. The caller closes it. */
  connect(username: 'admin' | 'app'): Cluster
  /** Fences under the super user, proved by the application. */
  fences(more?: Partial<RegionFencesOptions>): WatchedFences
}

export interface WatchedFences {
  readonly fences: RegionFences
  readonly records: RecordsInMemory
  readonly events: Events<SecurityEvents>
  readonly told: (keyof SecurityEvents)[]
}

const ALREADY_THERE = 36

export const soon = () => AbortSignal.timeout(30_000)

export async function startSecured(options: Partial<RegionOptions> = {}): Promise<SecuredRegion> {
  const region = await startRegion({ name: 'fenced', brokers: 1, secured: true, ...options })
  const { security } = region
  const clientOf = (username: string, timeoutMs = FENCE_REQUEST_TIMEOUT_MS): Cluster => {
    const user = [security?.admin, ...(security?.users ?? [])].find((it) => it?.username === username)
    if (security !== undefined && user === undefined) throw new Error(`no user ${username}`)
    const access = security &&
      user && { tls: { ca: security.tls.ca }, sasl: { mechanism: 'scram-sha-512' as const, ...user } }
    const timeouts = { requestTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs }
    const context = { clock: systemClock, random: systemRandom }
    return openCluster({ name: 'eu', bootstrap: region.bootstrap, ...access, ...timeouts, context })
  }
  const [admin, app, ordinary] = [clientOf('admin'), clientOf('app'), clientOf('isthmus')]
  return {
    region,
    admin,
    app,
    ordinary,
    connect: (username) => clientOf(username, 30_000),
    fences(more = {}) {
      const records = new RecordsInMemory()
      const events = createEvents<SecurityEvents>()
      const told: (keyof SecurityEvents)[] = []
      events.onAny((name) => void told.push(name))
      const fences = new RegionFences({
        region: regionName('eu'),
        cluster: admin,
        principal: 'User:admin',
        superUsers: undefined,
        canary: { cluster: app, principal: 'User:app' },
        command: undefined,
        records,
        clock: systemClock,
        events,
        ...more,
      })
      return { fences, records, events, told }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([admin, app, ordinary].map((cluster) => cluster.close()))
      await region.stop()
    },
  }
}

export async function makeTopics(
  cluster: Cluster,
  topics: readonly string[],
  { partitions = 1, replicationFactor = 1 } = {},
): Promise<void> {
  const outcomes = await cluster.createTopics(
    topics.map((topic) => ({ topic, partitions, replicationFactor, configs: {} })),
    soon(),
  )
  // A call whose answer was late is made again, and finds what it has made.
  const failed = outcomes.find(({ errorCode }) => errorCode !== 0 && errorCode !== ALREADY_THERE)
  if (failed !== undefined) throw new Error(`${failed.topic}: ${failed.errorCode} ${failed.message}`)
}

/** In force on every broker. */
export function addAcls(cluster: Cluster, bindings: readonly AclBinding[]): Promise<void> {
  return settle(cluster, 'present', bindings)
}

export function removeAcls(cluster: Cluster, bindings: readonly AclBinding[]): Promise<void> {
  return settle(cluster, 'absent', bindings)
}

/** These entries and no others. */
export async function setAcls(cluster: Cluster, bindings: readonly AclBinding[]): Promise<void> {
  await removeAcls(cluster, await cluster.describeAcls({}, soon()))
  await addAcls(cluster, bindings)
}

async function settle(cluster: Cluster, want: 'present' | 'absent', bindings: readonly AclBinding[]): Promise<void> {
  const access = { region: regionName('eu'), cluster, clock: systemClock, timings: DEFAULT_TIMINGS }
  const settled = await settleAcls(access, { group: 'test', want, bindings }, soon())
  if (settled.kind !== 'settled') throw new Error(`the entries are not ${want}: ${settled.kind}`)
}

/** An entry on topics that begin with `orders.`, unless told otherwise. */
export function entry(principal: string, more: Partial<AclBinding> = {}): AclBinding {
  return {
    resource: 'topic',
    name: 'orders.',
    pattern: 'prefixed',
    principal,
    host: '*',
    operation: 'write',
    permission: 'allow',
    ...more,
  }
}

export async function endOf(cluster: Cluster, topic: string): Promise<number> {
  const partitions = [{ topic, partition: 0, timestamp: -1 }]
  const [listed] = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, soon())
  if (listed?.errorCode !== 0) throw new Error(`${topic}: ${listed?.errorCode}`)
  return listed.offset
}

export function scopeOf(include: readonly string[], isSelected: (topic: string) => boolean) {
  return { group: 'orders', include, exclude: [], isSelected }
}

export const ORDERS = scopeOf(['orders.*'], (topic) => topic.startsWith('orders.'))
export const CLAIM = { operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }
