import type { RegionCopies } from '../../../src/authority/index.ts'
import { createEvents, type Events, linkName, type RegionName } from '../../../src/core/index.ts'
import type { DrillSummary, GroupDocument, LeftMembers } from '../../../src/failover/index.ts'
import { type ApiEvents, createMetrics, type Metrics, type MetricsSources } from '../../../src/observability/index.ts'
import type { RegionsStatus, RegionStatus } from '../../../src/regions/index.ts'
import type { IncidentStatus, LinkStatus, ReplicationEvents } from '../../../src/replication/index.ts'
import type { CredentialStatus } from '../../../src/credentials/index.ts'
import type { PolicyDrift, ProbeRound, WatchedFence } from '../../../src/security/index.ts'
import { east, threeRegions, west } from '../failover/machine-model.ts'
import { flowStatus, groupStatus, linkStatus } from '../fake-replicator.ts'
import { regionStatus } from '../fake-control.ts'

/** When every state is looked at, so that ages are those that the state says. */
export const NOW_MS = 50 * 86_400_000

export { east, west } from '../failover/machine-model.ts'
const DAY_MS = 86_400_000
export const LINK = linkName('orders-west-to-east')

type Delivery = ReturnType<NonNullable<MetricsSources['delivery']>>
type Policy = ReturnType<NonNullable<MetricsSources['policies']>>[number]
type Failover = ReturnType<NonNullable<MetricsSources['failover']>>

/** What one process of Isthmus knows, as the rooms tell it to the metrics. Situations change it. */
export interface ProcessState {
  version: string
  isGone: boolean
  link: LinkStatus | undefined
  incidents: IncidentStatus[]
  members: { total: number; differing: number }
  leads: boolean
  authorityAnswers: boolean
  copies: RegionCopies[]
  group: GroupDocument
  automatic: NonNullable<Failover['automatic']> extends ReadonlyMap<string, infer Sight> ? Sight : never
  clients: LeftMembers[]
  fence: WatchedFence | undefined
  /** Of `orders` in east, as the controller that leads tells it. */
  policy: Policy
  /** Of east. */
  probe: ProbeRound
  credential: CredentialStatus
  drills: DrillSummary
  notifications: Delivery['notifications']
  doubt: RegionsStatus['doubt']
  heard: RegionsStatus['heard']
  /** West, as seen from here. */
  region: RegionStatus | undefined
}

/** One of a policy. */
export const right: PolicyDrift['missing'][number] = {
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:app',
  host: '*',
  operation: 'write',
  permission: 'allow',
}

const CALL = {
  caller: 'nobody',
  role: null,
  from: '10.0.0.1',
  method: 'POST',
  path: '/api/v1/links',
  status: 401,
  fault: null,
  reason: null,
  claim: null,
  request: '1',
}

/** A process whose metrics are those of the product, over a state that a situation may change. */
export class WatchedProcess {
  readonly instance: string
  readonly replication: Events<ReplicationEvents> = createEvents<ReplicationEvents>()
  readonly api: Events<ApiEvents> = createEvents<ApiEvents>()
  state: ProcessState
  readonly #isFirst: boolean
  readonly #metrics: Metrics

  constructor(instance: string, isFirst: boolean) {
    this.instance = instance
    this.#isFirst = isFirst
    this.state = wellState(isFirst)
    this.#metrics = createMetrics({
      status: () => ({
        atMs: NOW_MS,
        links: this.state.link === undefined ? [] : [this.state.link],
        incidents: this.state.incidents,
        members: [],
      }),
      events: this.replication,
      api: this.api,
      nowMs: () => NOW_MS,
      processMetrics: false,
      process: this.#facts(),
      ...this.#sources(),
    })
    // A call without credentials every now and then is no news, nor is a verification without a difference.
    this.refuse(1)
    this.verify(0)
  }

  reset(): void {
    this.state = wellState(this.#isFirst)
    this.tellMembers()
  }

  /** The API turns callers away. */
  refuse(calls: number): void {
    for (let n = 0; n < calls; n++) {
      this.api.emit('api:refused', { ...CALL, fault: 'API_UNAUTHENTICATED', isRecorded: true, leftOut: 0 })
    }
  }

  /** A change whose entry in the journal could not be written. */
  leaveUnaudited(): void {
    this.api.emit('api:audit-failed', { ...CALL, error: new Error('the authority is silent') })
  }

  tellMembers(): void {
    const { total, differing } = this.state.members
    const members = Array.from({ length: total }, (_, at) => `member-${at}`)
    const counts = { generation: 1, shards: 4, gained: 0, released: 0 }
    this.replication.emit('members:assigned', { target: east, members, differing, ...counts })
  }

  /** A verification of one partition ends. */
  verify(differences: number): void {
    const flow = { link: LINK, topic: 'orders', targetTopic: 'orders', partition: 0 }
    this.replication.emit('verification:partition', { ...flow, records: 100, differences })
  }

  /** What Prometheus scrapes; undefined where there is nobody to answer. */
  async scrape(): Promise<string | undefined> {
    if (this.state.isGone) return undefined
    return await this.#metrics.render()
  }

  #facts() {
    const of = () => this.state
    return {
      role: 'all',
      get version() {
        return of().version
      },
    }
  }

  #sources(): Partial<MetricsSources> {
    const of = () => this.state
    return {
      regions: () => ({
        vantage: this.instance,
        standsIn: null,
        doubt: of().doubt,
        heard: of().heard,
        regions: [of().region, regionStatus(upAt(east))].filter((one) => one !== undefined),
      }),
      authority: () => ({ answers: of().authorityAnswers, copies: of().copies }),
      failover: () => ({
        leads: of().leads,
        groups: [of().group],
        clients: of().clients,
        automatic: new Map([['orders', of().automatic]]),
      }),
      fences: () => [of().fence].filter((one) => one !== undefined),
      policies: () => (of().leads ? [of().policy] : []),
      probes: () => [of().probe],
      credentials: () => [of().credential],
      drills: () => [of().drills],
      delivery: () => ({ notifications: of().notifications, streams: { open: 1, cut: 0 } }),
    }
  }
}

/** All is well: what no alert may fire on. */
function wellState(isFirst: boolean): ProcessState {
  const flow = { link: LINK, observedAtMs: NOW_MS - 1_000 }
  const { regions: all, ...document } = threeRegions()
  const { north: _, ...regions } = all
  return {
    version: '1.0.0',
    isGone: false,
    link: linkStatus({
      link: LINK,
      source: west,
      target: east,
      flows: [flowStatus({ ...flow, partition: 0 }), flowStatus({ ...flow, partition: 1 })],
      groups: [groupStatus({ link: LINK, syncedAtMs: NOW_MS - 2_000 })],
    }),
    incidents: [],
    members: { total: 2, differing: 0 },
    leads: isFirst,
    authorityAnswers: true,
    copies: [copyIn('west'), copyIn('east')],
    group: { ...document, regions },
    automatic: {
      mode: 'automatic',
      decision: { kind: 'stay', reason: 'west is up' },
      tally: { expected: 3, needed: 2, down: [], up: ['a', 'b'], heldMs: 0, isRipe: false, sentence: '' },
    },
    clients: [{ group: 'orders', region: east, groups: 0, members: 0 }],
    fence: fenceOf({}),
    policy: policyOf({}),
    probe: probeOf({}),
    credential: credentialOf({}),
    drills: drillsOf('passed', 0),
    notifications: [receiver(undefined)],
    doubt: null,
    heard: [heardOf('b'), heardOf('c')],
    region: regionStatus(upAt(west)),
  }
}

export function copyIn(region: string, more: Partial<RegionCopies> = {}): RegionCopies {
  const nothing = { behind: 0, behindForMs: 0, upToRevision: 7, trouble: undefined, refused: [], strays: [] }
  return { region, ...nothing, sight: 'read', ...more }
}

export function fenceOf(given: Partial<WatchedFence>): WatchedFence {
  const known = { state: 'fenced', sinceMs: 0, reason: '', proof: undefined, provedAtMs: NOW_MS - 9_000 } as const
  return { region: east, group: 'orders', ...known, ...given }
}

/** Some of what stands is left over from a topic that is gone: that is no reason to call anybody. */
export function policyOf(drift: Partial<PolicyDrift>, lookedAtMs = NOW_MS - 9_000): Policy {
  const held = { missing: [], extraOwned: [right], extraForeign: [], changed: [], users: [], quotas: [] }
  return { owner: 'orders', region: 'east', drift: { ...held, ...drift }, lookedAtMs, corrected: 0 }
}

/** A warning is for the day that somebody looks. */
export function probeOf({
  severity = 'warning',
  days = 90,
}: {
  readonly severity?: ProbeRound['findings'][number]['severity']
  readonly days?: number
}): ProbeRound {
  const place = { region: east, broker: 1, listener: 'CLIENT' }
  const finding = { id: 'tls-old', title: 'It is old.', remedy: 'Renew it.', evidence: 'TLS 1.1', severity } as const
  const tls = { endsMs: NOW_MS + days * DAY_MS } as ProbeRound['listeners'][number]['tls']
  const listener = { broker: 1, name: 'CLIENT', tls } as ProbeRound['listeners'][number]
  return { region: east, atMs: NOW_MS, findings: [{ ...finding, ...place }], listeners: [listener], isDeclared: true }
}

export function credentialOf(given: Partial<CredentialStatus>): CredentialStatus {
  const counts = { changes: 0, failures: 0, trouble: null, usesFormer: false }
  const files = { files: ['/run/secrets/tls.crt'], version: '01234567', sinceMs: 0, endsAtMs: NOW_MS + 90 * DAY_MS }
  return { name: 'regions.east.tls', ...files, ...counts, ...given }
}

export function drillsOf(outcome: 'passed' | 'failed', passedAtMs: number): DrillSummary {
  const last = { id: 'd', outcome, reason: '', endedAt: new Date(0).toISOString(), measured: null }
  const passedAt = new Date(passedAtMs).toISOString()
  return { format: 1, group: 'orders', last: { canary: last }, outcomes: { [outcome]: 1 }, passedAt }
}

export function receiver(failingSinceMs: number | undefined): Delivery['notifications'][number] {
  const counts = { sent: 3, failed: 0, dropped: 0, waiting: 0 }
  return { name: 'pager', where: 'https://pager.example', ...counts, failingSinceMs, reason: '' }
}

function heardOf(vantage: string): RegionsStatus['heard'][number] {
  return { report: { vantage, standsIn: null, sequence: 1, doubt: null, sees: new Map() }, ageMs: 500 }
}

function upAt(region: RegionName): Partial<RegionStatus> {
  return {
    region,
    sampleAgeMs: 1_000,
    judgement: { region, verdict: 'up', reason: 'it is reached from here', votes: [], majority: 2 },
  }
}

/** West, seen as the rest of the state says. */
export function seen(verdict: RegionStatus['judgement']['verdict'], more: Partial<RegionStatus> = {}): RegionStatus {
  const judgement = { region: west, verdict, reason: 'as it is', votes: [], majority: 2 }
  return regionStatus({ region: west, sampleAgeMs: 1_000, judgement, ...more })
}
