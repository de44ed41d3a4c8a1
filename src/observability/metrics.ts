import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Events } from '../core/index.ts'
import type { FlowStatus, GroupStatus, LinkStatus, ReplicationEvents, ReplicationStatus } from '../replication/index.ts'
import {
  EVENT_METRICS,
  FLOW_LABELS,
  FLOW_METRICS,
  GROUP_LABELS,
  GROUP_METRICS,
  GROUP_STATES,
  INCIDENT_LABELS,
  INCIDENT_METRICS,
  LINK_LABELS,
  LINK_METRICS,
  type MetricSpec,
  type OpenIncidents,
  REPACKED_METRIC,
  STATE_METRICS,
} from './metric-specs.ts'
import { worstGroups } from './worst-groups.ts'

export interface Metrics {
  readonly contentType: string
  /** The text that Prometheus scrapes, worked out from the status of this moment. */
  render(): Promise<string>
}

export interface MetricsSources {
  status(): ReplicationStatus
  readonly events: Events<ReplicationEvents>
  nowMs(): number
  /** Whether the metrics of Node itself are served too. @defaultValue true */
  readonly processMetrics?: boolean
}

type Labels = Record<string, string>

/** Sets all series of a subject anew from the status. */
type Refresh = (status: ReplicationStatus, nowMs: number) => void

/** Builds every metric, on a registry of its own. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry()
  if (sources.processMetrics !== false) collectDefaultMetrics({ register: registry })
  const refreshers: Refresh[] = [
    ...FLOW_METRICS.map((spec) => refreshSeries(registry, spec, FLOW_LABELS, flowsOf, labelsOfFlow)),
    ...GROUP_METRICS.map((spec) => refreshSeries(registry, spec, GROUP_LABELS, groupsOf, labelsOfGroup)),
    ...LINK_METRICS.map((spec) => refreshSeries(registry, spec, LINK_LABELS, linksOf, labelsOfLink)),
    ...INCIDENT_METRICS.map((spec) => refreshSeries(registry, spec, INCIDENT_LABELS, openIncidentsOf, labelsOfOpen)),
    refreshRepacked(registry),
    refreshStates(registry),
  ]
  countEvents(registry, sources.events)
  return {
    contentType: registry.contentType,
    render() {
      const status = sources.status()
      for (const refresh of refreshers) refresh(status, sources.nowMs())
      return registry.metrics()
    },
  }
}

function refreshSeries<Subject>(
  registry: Registry,
  spec: MetricSpec<Subject>,
  labelNames: readonly string[],
  subjectsOf: (status: ReplicationStatus) => readonly Subject[],
  labelsOf: (subject: Subject) => Labels,
): Refresh {
  const { name, help } = spec
  const options = { name, help, labelNames: [...labelNames], registers: [registry] }
  const metric = spec.kind === 'counter' ? new Counter(options) : new Gauge(options)
  return (status, nowMs) => {
    metric.reset()
    for (const subject of subjectsOf(status)) {
      const value = spec.read(subject, nowMs)
      if (value === undefined) continue
      if (metric instanceof Gauge) metric.set(labelsOf(subject), value)
      else metric.inc(labelsOf(subject), value)
    }
  }
}

function refreshRepacked(registry: Registry): Refresh {
  const labelNames = [...FLOW_LABELS, 'reason']
  const metric = new Counter({ ...REPACKED_METRIC, labelNames, registers: [registry] })
  return (status) => {
    metric.reset()
    for (const flow of flowsOf(status)) {
      for (const [reason, batches] of Object.entries(flow.counters.repacked)) {
        metric.inc({ ...labelsOfFlow(flow), reason }, batches)
      }
    }
  }
}

function refreshStates(registry: Registry): Refresh {
  const gauge = ({ name, help }: { name: string; help: string }, labels: readonly string[]) =>
    new Gauge({ name, help, labelNames: [...labels, 'state'], registers: [registry] })
  const flowState = gauge(STATE_METRICS.flow, FLOW_LABELS)
  const linkState = gauge(STATE_METRICS.link, LINK_LABELS)
  const groupState = gauge(STATE_METRICS.group, LINK_LABELS)
  return (status) => {
    flowState.reset()
    linkState.reset()
    groupState.reset()
    for (const flow of flowsOf(status)) flowState.set({ ...labelsOfFlow(flow), state: flow.state }, 1)
    for (const link of status.links) {
      linkState.set({ ...labelsOfLink(link), state: link.state }, 1)
      for (const state of GROUP_STATES) {
        groupState.set({ ...labelsOfLink(link), state }, link.groups.filter((group) => group.state === state).length)
      }
    }
  }
}

function countEvents(registry: Registry, events: Events<ReplicationEvents>): void {
  const options = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const owned = new Gauge(options(EVENT_METRICS.shardsOwned))
  const lost = new Counter(options(EVENT_METRICS.shardsLost))
  const linkErrors = new Counter(options(EVENT_METRICS.linkErrors))
  const refused = new Counter(options(EVENT_METRICS.topicsRefused))
  const failed = new Counter(options(EVENT_METRICS.positionsFailed))
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
  events.on('shard:lost', ({ target, shard }) => {
    own(target, (held) => held.delete(shard))
    lost.inc({ target })
  })
  events.on('link:error', ({ link }) => linkErrors.inc({ link }))
  events.on('topic:refused', ({ link }) => refused.inc({ link }))
  events.on('incident:recorded', ({ link, code }) => incidents.inc({ link, code }))
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
