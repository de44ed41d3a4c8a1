import { pino } from 'pino'
import {
  type ApiContent,
  type ApiSettings,
  type AutomaticView,
  createApiServer,
  DEFAULT_API,
  type GroupFence,
} from '../../src/api/index.ts'
import {
  type AuthorityEvents,
  Journal,
  MemoryStore,
  openAuthority,
  type RegionCopies,
} from '../../src/authority/index.ts'
import { LinkDesk } from '../../src/controller/link-desk.ts'
import { ManualFences } from '../../src/controller/manual-fences.ts'
import { CredentialFiles } from '../../src/credentials/index.ts'
import { type Clock, createEvents, regionName, systemClock, systemRandom } from '../../src/core/index.ts'
import {
  type ClientsLook,
  DEFAULT_GUARD_LIMITS,
  DrillDesk,
  type DrillSchedule,
  DrillStore,
  GroupDesk,
  type GroupDocument,
  type LeftMembers,
  type MoveEvidence,
} from '../../src/failover/index.ts'
import type { ApiEvents } from '../../src/observability/index.ts'
import type { HeardReport, RegionsStatus, RegionStatus } from '../../src/regions/index.ts'
import type { LinkStatus } from '../../src/replication/index.ts'
import { RegionFences } from '../../src/security/index.ts'
import { AclRegion } from './acl-region.ts'
import { fakeDelivery } from './fake-delivery.ts'
import { fakePolicies } from './fake-policies.ts'
import { fakeReplicator } from './fake-replicator.ts'
import { goodEvidence } from './failover/good-evidence.ts'
import { memoryPauses } from './memory-pauses.ts'
import { RecordsInMemory } from './fence-records.ts'
import { MemoryAuthority } from './failover/memory-authority.ts'

const ORDERS = { name: 'orders', topics: { include: ['orders.*'], exclude: [] } }
const OBJECTIVES = { rpoMs: 5_000, rtoMs: 60_000 }
const never = new AbortController().signal
const mishap = () => 'unreachable' as const

interface Seen {
  evidence: MoveEvidence
  regions: RegionStatus[]
  copies: RegionCopies[]
  /** What other processes report. */
  heard: HeardReport[]
  hold: string | undefined
  isAuthorityGone: boolean
  fences: GroupFence[]
  automatic: AutomaticView | undefined
  /** Of regions that are not active. */
  left: LeftMembers[]
  look: ((document: GroupDocument) => ClientsLook) | undefined
}

export interface FakeControlOptions {
  readonly evidence?: MoveEvidence
  /** Events that are kept. */
  readonly ring?: number
  /** Calls are in the journal where this is given. @defaultValue open to everyone on this machine */
  readonly api?: Partial<ApiSettings>
  /** Of the API. @defaultValue that of the system */
  readonly clock?: Clock
  /** Folder of the console's build. @defaultValue it is not served */
  readonly consoleFolder?: string
  /** Instead of what is served here. */
  readonly content?: Partial<ApiContent>
  /** Of drills of the group. @defaultValue none */
  readonly schedules?: readonly DrillSchedule[]
  /** @defaultValue one link, `eu-to-us` */
  readonly links?: LinkStatus[]
}

/** The API of a controller of the group `orders`, over documents and a journal in memory; no machine moves anything. */
export async function startFakeControl(given: FakeControlOptions = {}) {
  const context = { clock: systemClock, random: systemRandom, events: createEvents<AuthorityEvents>() }
  const authority = new MemoryAuthority()
  const store = openAuthority({ kind: 'memory', store: new MemoryStore(context) }, context)
  const journal = new Journal({ authority: store, context })
  const seen: Seen = {
    evidence: given.evidence ?? goodEvidence,
    regions: [regionStatus()],
    copies: [],
    heard: [],
    hold: undefined,
    isAuthorityGone: false,
    fences: [],
    automatic: undefined,
    left: [],
    look: undefined,
  }
  const regions = new Map(['west', 'east', 'north'].map((name) => [regionName(name), fencedRegion(name)] as const))
  const group = { ...ORDERS, regions: [...regions.keys()] }
  const fences = new ManualFences({
    groups: [group],
    fences: new Map([...regions].map(([name, { fences: own }]) => [name, own])),
    documents: { get: () => authority.group },
    leadership: { hold: () => seen.hold, lease: () => undefined },
    journal: { append: async (entry, signal) => void (await journal.append(entry, signal)) },
    standing: { of: () => seen.fences },
    clock: systemClock,
  })
  const gone = () =>
    openAuthority({ kind: 'memory', store: new MemoryStore({ ...context, mishap }) }, context).overview(never)
  const pauses = memoryPauses()
  const linkDesk = new LinkDesk({
    config: { links: [], failoverGroups: [group] },
    pauses: pauses.port,
    control: { document: () => authority.group, journal },
    clock: systemClock,
  })
  const desk = new GroupDesk({
    group: 'orders',
    authority,
    journal: { append: async (entry, signal) => void (await journal.append(entry, signal)) },
    limits: DEFAULT_GUARD_LIMITS,
    gather: async () => seen.evidence,
  })
  const delivery = fakeDelivery(given.ring)
  const drillStore = new DrillStore(store, 'orders')
  const drills = new DrillDesk({
    group: 'orders',
    regions: [...regions.keys()],
    objectives: OBJECTIVES,
    store: drillStore,
    journal: { append: async (entry, signal) => void (await journal.append(entry, signal)) },
    desk,
    canary: undefined,
    ...(given.schedules && { schedules: given.schedules }),
  })
  const status = (): RegionsStatus => {
    return { vantage: 'here', standsIn: null, doubt: null, regions: seen.regions, heard: seen.heard }
  }
  const policies = fakePolicies(regions, () => seen.hold)
  const calls = createEvents<ApiEvents>()
  const files = new CredentialFiles(given.clock ?? systemClock)
  const replicator = fakeReplicator(given.links)
  const server = await createApiServer({
    options: { ...DEFAULT_API, listen: '127.0.0.1:0', anonymous: 'admin', ...given.api },
    events: calls,
    files,
    ...(given.api && { journal }),
    ...(given.clock && { clock: given.clock }),
    ...(given.consoleFolder !== undefined && { consoleFolder: given.consoleFolder }),
    logger: pino({ level: 'silent' }),
    content: {
      version: '9.9.9',
      regions: [],
      replication: replicator.port,
      linkDesk,
      watch: { status },
      groups: () => [authority.group],
      failover: {
        groups: new Map([
          [
            'orders',
            {
              desk,
              drills: { desk: drills },
              writePauseMs: 60_000,
              objectives: OBJECTIVES,
              automatic: () => seen.automatic,
            },
          ],
        ]),
        journal,
        fences,
        clients: {
          status: () => seen.left,
          look: async (document) => seen.look?.(document) ?? emptyLook(document),
        },
        authority: {
          backend: store.backend,
          where: store.where,
          overview: (signal) => (seen.isAuthorityGone ? gone() : store.overview(signal)),
          copies: () => seen.copies,
          hold: () => seen.hold,
          fallsWith: ['west'],
        },
        clock: systemClock,
      },
      security: { policies: policies.desk, probes: policies.probes, rights: () => [] },
      ...delivery.content,
      credentials: () => files.status(),
      metrics: { contentType: 'text/plain', render: () => Promise.resolve('') },
      ...given.content,
    },
  })
  const api = await server.start()
  files.start()
  const stop = async () => {
    files.stop()
    await server.stop()
    await store.close()
  }
  return {
    api,
    http: server.http,
    calls,
    credentials: files.events,
    replicator,
    authority,
    delivery,
    store,
    journal,
    seen,
    paused: pauses.paused,
    fenced: regions,
    policies,
    drillStore,
    [Symbol.asyncDispose]: stop,
  }
}

function emptyLook({ group, active }: GroupDocument): ClientsLook {
  return { group, active, left: null, movedAtMs: null, atMs: 0, regions: [], quiet: [] }
}

/** A region of ACLs in memory, and its fences. */
function fencedRegion(name: string) {
  const acls = new AclRegion({ clock: systemClock, brokers: 1 })
  acls.topics.add('orders.a')
  const records = new RecordsInMemory()
  const fences = new RegionFences({
    region: regionName(name),
    cluster: acls.clientOf('User:isthmus'),
    principal: undefined,
    superUsers: undefined,
    canary: undefined,
    command: undefined,
    records,
    clock: systemClock,
    events: createEvents(),
  })
  return { acls, fences, records }
}

export function regionStatus(given: Partial<RegionStatus> = {}): RegionStatus {
  const region = regionName('west')
  const run = { samples: 0, sinceMs: 0 }
  const runs = { failing: run, unserving: run, blind: run, away: run, serving: run, impaired: run, good: run }
  const votes = [{ vantage: 'here', standsIn: null, vote: 'suspect' as const, ageMs: 0 }]
  return {
    region,
    health: {
      level: 'suspect',
      sinceMs: 4_000,
      reason: 'it does not answer',
      findings: [{ code: 'no-broker-answers', text: 'none of 3 brokers answers' }],
      sampledMs: 5_000,
      runs,
    },
    sample: undefined,
    sampleAgeMs: undefined,
    judgement: { region, verdict: 'suspect', reason: 'one vantage point', votes, majority: 2 },
    ...given,
  }
}
