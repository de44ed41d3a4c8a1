import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ApiEvents } from './api-events.ts'
import { renderCredentials } from './credential-metrics.ts'
import type { Events } from '../core/index.ts'
import type { CredentialStatus } from '../credentials/index.ts'
import type { DrillSummary } from '../failover/index.ts'
import type { FlowStatus, GroupStatus, LinkStatus, ReplicationEvents, ReplicationStatus } from '../replication/index.ts'
import type { RegionsStatus } from '../regions/index.ts'
import { type AuthorityStatus, renderAuthority } from './authority-metrics.ts'
import type { GateStatus, ProbeRound, WatchedFence } from '../security/index.ts'
import { type Labelled, renderLabels, renderMetric } from './exposition.ts'
import { renderDrills } from './drill-metrics.ts'
import { type FailoverStatus, renderFailover } from './failover-metrics.ts'
import { renderFences, renderGate } from './fence-metrics.ts'
import {
  EVENT_METRICS,
  FLOW_METRICS,
  GROUP_METRICS,
  GROUP_STATES,
  INCIDENT_METRICS,
  LINK_METRICS,
  type MetricSpec,
  type OpenIncidents,
  PROCESS_METRIC,
  REPACKED_METRIC,
  STATE_METRICS,
} from './metric-specs.ts'
import type { ConfigStatus } from './config-events.ts'
import { renderConfig } from './config-metrics.ts'
import { type DeliveryStatus, renderDelivery } from './delivery-metrics.ts'
import { type PolicyStatus, renderPolicies } from './policy-metrics.ts'
import { renderProbes } from './probe-metrics.ts'
import { renderRegions } from './region-metrics.ts'
import { worstGroups } from './worst-groups.ts'

export interface Metrics {
  readonly contentType: string
  /** The text that Prometheus scrapes, worked out from the status of this moment. */
  render(): Promise<string>
}

export interface MetricsSources {
  status(): ReplicationStatus
  readonly events: Events<ReplicationEvents>
  /** @defaultValue there is no API */
  readonly api?: Events<ApiEvents>
  /** @defaultValue none */
  fences?(): readonly WatchedFence[]
  /** What the drills of failover groups came to. @defaultValue nothing */
  drills?(): readonly DrillSummary[]
  /** How regions hold to policies. @defaultValue nothing */
  policies?(): readonly PolicyStatus[]
  /** What probes of regions have found. @defaultValue nothing */
  probes?(): readonly ProbeRound[]
  /** @defaultValue there is no gate */
  gate?(): GateStatus | undefined
  nowMs(): number
  /** @defaultValue regions are not watched */
  readonly regions?: () => RegionsStatus
  /** @defaultValue there is no authority */
  readonly authority?: () => AuthorityStatus
  /** @defaultValue there are no failover groups */
  readonly failover?: () => FailoverStatus
  /** @defaultValue there are no events and no notifications */
  readonly delivery?: () => DeliveryStatus
  /** What this process is. @defaultValue not told */
  readonly process?: ProcessFacts
  /** Files of credentials. @defaultValue none */
  readonly credentials?: () => readonly CredentialStatus[]
  /** @defaultValue the configuration is not followed */
  readonly config?: () => ConfigStatus | undefined
  /** Whether the metrics of Node itself are served too. @defaultValue true */
  readonly processMetrics?: boolean
}

/** By these, processes that are gone and mixed versions are noticed. */
interface ProcessFacts {
  readonly version: string
  readonly role: string
}

type Labels = Record<string, string>

/** Builds every metric: those of events on a registry of its own, those of the status anew for each look at them. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry()
  if (sources.processMetrics !== false) collectDefaultMetrics({ register: registry })
  countEvents(registry, sources.events)
  countCalls(registry, sources.api)
  return {
    contentType: registry.contentType,
    async render() {
      const parts: string[] = []
      const nowMs = sources.nowMs()
      for (const part of renderStatus(sources.status(), nowMs)) {
        parts.push(part)
        // With thousands of flows a metric takes some 10 ms: whatever else there is to do comes in between.
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (sources.process !== undefined) parts.push(renderProcess(sources.process))
      if (sources.regions !== undefined) parts.push(...renderRegions(sources.regions(), nowMs))
      if (sources.authority !== undefined) parts.push(...renderAuthority(sources.authority()))
      if (sources.failover !== undefined) parts.push(...renderFailover(sources.failover()))
      parts.push(...renderDrills(sources.drills?.() ?? []))
      parts.push(...renderSecurity(sources, nowMs))
      if (sources.delivery !== undefined) parts.push(...renderDelivery(sources.delivery(), nowMs))
      parts.push(...renderOptional(sources, nowMs))
      return [...parts, await registry.metrics()].join('\n')
    },
  }
}

function renderSecurity(sources: MetricsSources, nowMs: number): string[] {
  return [
    ...renderFences(sources.fences?.() ?? [], nowMs),
    ...renderProbes(sources.probes?.() ?? [], nowMs),
    ...renderPolicies(sources.policies?.() ?? [], nowMs),
    ...renderCredentials(sources.credentials?.() ?? [], nowMs),
  ]
}

/** What only some processes have. */
function renderOptional(sources: MetricsSources, nowMs: number): string[] {
  const config = sources.config?.()
  const gate = sources.gate?.()
  return [
    ...(config === undefined ? [] : renderConfig(config, nowMs)),
    ...(gate === undefined ? [] : [renderGate(gate)]),
  ]
}

/** One metric after the other. */
function* renderStatus(status: ReplicationStatus, nowMs: number): Generator<string> {
  const flows = label(flowsOf(status), labelsOfFlow)
  for (const spec of FLOW_METRICS) yield renderSpec(spec, flows, nowMs)
  const groups = label(groupsOf(status), labelsOfGroup)
  for (const spec of GROUP_METRICS) yield renderSpec(spec, groups, nowMs)
  const links = label(linksOf(status), labelsOfLink)
  for (const spec of LINK_METRICS) yield renderSpec(spec, links, nowMs)
  const incidents = label(openIncidentsOf(status), labelsOfOpen)
  for (const spec of INCIDENT_METRICS) yield renderSpec(spec, incidents, nowMs)
  yield renderRepacked(flows)
  yield renderStates(STATE_METRICS.flow, flows)
  yield renderStates(STATE_METRICS.link, links)
  yield renderGroupStates(links)
}

function label<Subject>(subjects: readonly Subject[], labelsOf: (subject: Subject) => Labels): Labelled<Subject>[] {
  return subjects.map((subject) => ({ subject, labels: renderLabels(labelsOf(subject)) }))
}

function renderSpec<Subject>(spec: MetricSpec<Subject>, subjects: readonly Labelled<Subject>[], nowMs: number): string {
  return renderMetric(spec, subjects, (subject) => ({ value: spec.read(subject, nowMs) }))
}

function renderStates(
  metric: { readonly name: string; readonly help: string },
  subjects: readonly Labelled<{ readonly state: string }>[],
): string {
  return renderMetric({ ...metric, kind: 'gauge' }, subjects, ({ state }) => ({
    value: 1,
    moreLabels: `state="${state}"`,
  }))
}

function renderRepacked(flows: readonly Labelled<FlowStatus>[]): string {
  const byReason = flows.flatMap(({ subject, labels }) =>
    Object.entries(subject.counters.repacked)
      .filter(([, batches]) => batches > 0)
      .map(([reason, batches]) => ({ labels, subject: { reason, batches } })),
  )
  return renderMetric({ ...REPACKED_METRIC, kind: 'counter' }, byReason, ({ reason, batches }) => ({
    value: batches,
    moreLabels: `reason="${reason}"`,
  }))
}

function renderProcess({ version, role }: ProcessFacts): string {
  const subjects = [{ subject: 1, labels: renderLabels({ version, role }) }]
  return renderMetric({ ...PROCESS_METRIC, kind: 'gauge' }, subjects, (value) => ({ value }))
}

/** How many groups of each link are in each state. */
function renderGroupStates(links: readonly Labelled<LinkStatus>[]): string {
  const byState = links.flatMap(({ subject, labels }) =>
    GROUP_STATES.map((state) => ({ labels, subject: { state, groups: subject.groups } })),
  )
  return renderMetric({ ...STATE_METRICS.group, kind: 'gauge' }, byState, ({ state, groups }) => ({
    value: groups.filter((group) => group.state === state).length,
    moreLabels: `state="${state}"`,
  }))
}

function countCalls(registry: Registry, events: Events<ApiEvents> | undefined): void {
  const refused = new Counter(describe(EVENT_METRICS.apiRefused, registry))
  const unaudited = new Counter(describe(EVENT_METRICS.apiUnaudited, registry))
  events?.on('api:refused', ({ fault }) => refused.inc({ code: fault ?? 'none' }))
  events?.on('api:audit-failed', () => unaudited.inc())
}

function describe({ name, help, labels }: (typeof EVENT_METRICS)[keyof typeof EVENT_METRICS], registry: Registry) {
  return { name, help, labelNames: [...labels] as string[], registers: [registry] }
}

function countEvents(registry: Registry, events: Events<ReplicationEvents>): void {
  const options = (spec: (typeof EVENT_METRICS)[keyof typeof EVENT_METRICS]) => describe(spec, registry)
  const owned = new Gauge(options(EVENT_METRICS.shardsOwned))
  const lost = new Counter(options(EVENT_METRICS.shardsLost))
  const members = new Gauge(options(EVENT_METRICS.members))
  const membersDiffering = new Gauge(options(EVENT_METRICS.membersDiffering))
  const moves = new Counter(options(EVENT_METRICS.shardMoves))
  const linkErrors = new Counter(options(EVENT_METRICS.linkErrors))
  const refused = new Counter(options(EVENT_METRICS.topicsRefused))
  const failed = new Counter(options(EVENT_METRICS.positionsFailed))
  const matched = new Counter(options(EVENT_METRICS.mapsMatched))
  const verified = new Counter(options(EVENT_METRICS.recordsVerified))
  const differences = new Counter(options(EVENT_METRICS.differences))
  const lastVerified = new Gauge(options(EVENT_METRICS.lastVerified))
  const deleted = new Counter(options(EVENT_METRICS.positionsDeleted))
  const incidents = new Counter(options(EVENT_METRICS.incidents))
  const shards = new Map<string, Set<number>>()
  const own = (target: string, change: (held: Set<number>) => void) => {
    const held = shards.get(target) ?? new Set()
    shards.set(target, held)
    change(held)
    owned.set({ target }, held.size)
  }
  events.on('shard:owned', ({ target, shard }) => own(target, (held) => held.add(shard)))
  events.on('shard:handed-over', ({ target, shard }) => own(target, (held) => held.delete(shard)))
  events.on('shard:let-go', ({ target, shard }) => own(target, (held) => held.delete(shard)))
  events.on('members:assigned', ({ target, members: all, differing, gained, released }) => {
    members.set({ target }, all.length)
    membersDiffering.set({ target }, differing)
    moves.inc({ target, direction: 'in' }, gained)
    moves.inc({ target, direction: 'out' }, released)
  })
  events.on('shard:lost', ({ target, shard }) => {
    own(target, (held) => held.delete(shard))
    lost.inc({ target })
  })
  events.on('link:error', ({ link }) => linkErrors.inc({ link }))
  events.on('topic:refused', ({ link }) => refused.inc({ link }))
  events.on('incident:recorded', ({ link, code }) => incidents.inc({ link, code }))
  events.on('flow:matched', ({ link, why }) => matched.inc({ link, why }))
  events.on('verification:partition', (event) => {
    verified.inc({ link: event.link }, event.records)
    differences.inc({ link: event.link }, event.differences)
  })
  events.on('verification:ended', ({ link, isComplete, differences: found, atMs }) => {
    if (isComplete && found === 0) lastVerified.set({ link }, atMs / 1_000)
  })
  events.on('positions:failed', ({ link, groups }) => failed.inc({ link }, groups))
  events.on('positions:deleted', ({ link, positions }) => deleted.inc({ link }, positions))
}

function flowsOf(status: ReplicationStatus): FlowStatus[] {
  return status.links.flatMap((link) => link.flows)
}

function groupsOf(status: ReplicationStatus): GroupStatus[] {
  return status.links.flatMap((link) => worstGroups(link.groups))
}

function openIncidentsOf({ incidents }: ReplicationStatus): OpenIncidents[] {
  const open = incidents.filter(({ acknowledged }) => acknowledged === null)
  const groups = Map.groupBy(open, ({ link, code }) => `${link}/${code}`).values()
  return [...groups].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ link: first.link, code: first.code, count: group.length }]
  })
}

function labelsOfOpen({ link, code }: OpenIncidents): Labels {
  return { link, code }
}

function linksOf(status: ReplicationStatus): readonly LinkStatus[] {
  return status.links
}

function labelsOfFlow({ link, topic, partition }: FlowStatus): Labels {
  return { link, topic, partition: String(partition) }
}

function labelsOfGroup({ link, group }: GroupStatus): Labels {
  return { link, group }
}

function labelsOfLink({ link, source, target }: LinkStatus): Labels {
  return { link, source, target }
}
