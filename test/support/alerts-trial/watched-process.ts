import type { RegionCopies } from '../../../src/authority/index.ts'
import { createEvents, type Events, linkName, type RegionName } from '../../../src/core/index.ts'
import type { DrillSummary, GroupDocument, LeftMembers } from '../../../src/failover/index.ts'
import { type ApiEvents, createMetrics, type Metrics, type MetricsSources } from '../../../src/observability/index.ts'
import type { RegionsStatus, RegionStatus } from '../../../src/regions/index.ts'
import type { IncidentStatus, LinkStatus, ReplicationEvents } from '../../../src/replication/index.ts'
import type { WatchedFence } from '../../../src/security/index.ts'
import { east, threeRegions, west } from '../failover/machine-model.ts'
import { flowStatus, groupStatus, linkStatus } from '../fake-replicator.ts'
import { regionStatus } from '../fake-control.ts'

/** When every state is looked at, so that ages are those that the state says. */
export const NOW_MS = 50 * 86_400_000

export { east, west } from '../failover/machine-model.ts'
export const LINK = linkName('orders-west-to-east')

type Delivery = ReturnType<NonNullable<MetricsSources['delivery']>>
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
  drills: DrillSummary
  notifications: Delivery['notifications']
  doubt: RegionsStatus['doubt']
  heard: RegionsStatus['heard']
  /** West, as seen from here. */
  region: RegionStatus | undefined
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
