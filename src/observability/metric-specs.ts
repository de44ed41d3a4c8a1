import type { FlowStatus, GroupStatus, LinkStatus } from '../replication/index.ts'
import { GROUP_SERIES_MAX } from './worst-groups.ts'

/**
 * Every metric, as data: the collector and the reference page read the same table.
 * `read` gives undefined where the value is not known: the series is then left out, never 0, and
 * `isthmus_flow_observation_age_seconds` tells for how long.
 */
export interface MetricSpec<Subject> {
  readonly name: string
  readonly kind: 'gauge' | 'counter'
  readonly help: string
  read(subject: Subject, nowMs: number): number | undefined
}

export const FLOW_LABELS = ['link', 'topic', 'partition'] as const
export const GROUP_LABELS = ['link', 'group'] as const
export const LINK_LABELS = ['link', 'source', 'target'] as const

const isMoving = (flow: FlowStatus) => flow.state === 'running' || flow.state === 'recovering'

export const FLOW_METRICS: readonly MetricSpec<FlowStatus>[] = [
  {
    name: 'isthmus_flow_lag_records',
    kind: 'gauge',
    help: 'Source offsets still to copy, an upper bound of records. Left out while the flow stands still or its lag is unknown.',
    read: (flow) => (isMoving(flow) ? (flow.lagRecords ?? undefined) : undefined),
  },
  {
    name: 'isthmus_flow_lag_seconds',
    kind: 'gauge',
    help: 'Age of the oldest record that is not on the target yet. Left out while the flow stands still or its lag is unknown.',
    read: (flow) => (isMoving(flow) ? (flow.lagSeconds ?? undefined) : undefined),
  },
  {
    name: 'isthmus_flow_held_back_records',
    kind: 'gauge',
    help: 'Source offsets behind the last stable offset: an open transaction holds them back from every committed reader, and so from the copy.',
    read: (flow) => flow.heldBackRecords ?? undefined,
  },
  {
    name: 'isthmus_flow_observation_age_seconds',
    kind: 'gauge',
    help: 'Seconds since the end of the source was last observed; +Inf before the first time. Old means that the lag is not to be trusted. Left out for a flow that another replicator copies.',
    read: (flow, nowMs) => {
      if (flow.state === 'elsewhere') return undefined
      return flow.observedAtMs === null ? Infinity : Math.max(0, nowMs - flow.observedAtMs) / 1_000
    },
  },
  counter('isthmus_flow_records_copied_total', 'Records copied.', (flow) => flow.counters.recordsCopied),
  counter('isthmus_flow_bytes_copied_total', 'Bytes of record batches copied.', (flow) => flow.counters.bytesCopied),
  counter(
    'isthmus_flow_batches_passed_total',
    'Record batches that went through unopened.',
    (flow) => flow.counters.batchesPassed,
  ),
  counter(
    'isthmus_flow_records_filtered_total',
    "Records left out by the link's filter.",
    (flow) => flow.counters.recordsFiltered,
  ),
  counter(
    'isthmus_flow_records_quarantined_total',
    'Records that the target refused and that are in its quarantine topic.',
    (flow) => flow.counters.recordsQuarantined,
  ),
  counter(
    'isthmus_flow_records_skipped_total',
    'Records that the target refused and that were left out.',
    (flow) => flow.counters.recordsSkipped,
  ),
  counter(
    'isthmus_flow_records_aborted_total',
    'Records left out because their transaction was aborted.',
    (flow) => flow.counters.recordsAborted,
  ),
  counter(
    'isthmus_flow_control_records_total',
    'Transaction markers met, which have no record on the target.',
    (flow) => flow.counters.controlRecords,
  ),
  counter(
    'isthmus_flow_holes_total',
    'Source offsets without a record, left by compaction.',
    (flow) => flow.counters.holes,
  ),
  counter(
    'isthmus_flow_records_lost_total',
    'Source offsets that were gone before they could be copied.',
    (flow) => flow.counters.recordsLost,
  ),
]

const FEW_GROUPS =
  `A link with more than ${GROUP_SERIES_MAX} groups has series for the ${GROUP_SERIES_MAX} in the worst state only; its ` +
  'own gauges count all.'
/** One series for each reason: `start-inside`, `holes` and so on, as the status has them. */
export const REPACKED_METRIC = {
  name: 'isthmus_flow_batches_repacked_total',
  help:
    'Record batches of the source that had to be opened and packed again, by reason, the first that holds: ' +
    'start-inside (the copy goes on inside of it), holes (compaction), append-time (set by the source), transformed ' +
    '(by the link), refused (the target takes not all of it), split (too large), merged (small ones under backlog). ' +
    'Since the process started; left out for reasons that have not occurred.',
} as const

export const GROUP_METRICS: readonly MetricSpec<GroupStatus>[] = [
  {
    name: 'isthmus_positions_sync_age_seconds',
    kind: 'gauge',
    help: `Seconds since the positions of the group were last in step on the target; +Inf before the first time. ${FEW_GROUPS}`,
    read: (group, nowMs) => (group.syncedAtMs === null ? Infinity : Math.max(0, nowMs - group.syncedAtMs) / 1_000),
  },
  {
    name: 'isthmus_group_reread_records',
    kind: 'gauge',
    help: `Records the group would read again if it moved to the target now, over all of its partitions. Left out while unknown. ${FEW_GROUPS}`,
    read: (group) => group.rereadRecords ?? undefined,
  },
]

export const FLOW_STATES = ['starting', 'running', 'recovering', 'stopped', 'elsewhere'] as const
export const GROUP_STATES = [
  'synced',
  'active-on-target',
  'foreign-position',
  'not-copied',
  'failed',
  'gone-at-source',
] as const
export const LINK_STATES = ['starting', 'running', 'degraded', 'paused', 'stopped'] as const

/** Sets of states: one series for each state, 1 for the one that holds. */
export const STATE_METRICS = {
  flow: { name: 'isthmus_flow_state', help: `1 for the state the flow is in: ${FLOW_STATES.join(', ')}.` },
  link: { name: 'isthmus_link_state', help: `1 for the state the link is in: ${LINK_STATES.join(', ')}.` },
  group: {
    name: 'isthmus_link_groups',
    help: `Consumer groups of the link in each state: ${GROUP_STATES.join(', ')}.`,
  },
} as const

/** Open incidents of one code on one link. */
export interface OpenIncidents {
  readonly link: string
  readonly code: string
  readonly count: number
}

export const INCIDENT_LABELS = ['link', 'code'] as const

export const INCIDENT_METRICS: readonly MetricSpec<OpenIncidents>[] = [
  {
    name: 'isthmus_incidents_open',
    kind: 'gauge',
    help: 'Incidents that nobody has acknowledged, by the code of their fault. Left out where there is none.',
    read: ({ count }) => count,
  },
]

export const LINK_METRICS: readonly MetricSpec<LinkStatus>[] = [
  {
    name: 'isthmus_link_flows',
    kind: 'gauge',
    help: 'Flows of the link in this process.',
    read: (link) => link.flows.length,
  },
  {
    name: 'isthmus_link_topics_refused',
    kind: 'gauge',
    help: 'Selected topics that are not copied; `/api/v1/links/LINK/topics` says why.',
    read: (link) => link.refusedTopics.length,
  },
  {
    name: 'isthmus_link_deletions_pending',
    kind: 'gauge',
    help: 'Copies that will be deleted, because their source topic is gone and the link follows that.',
    read: (link) => link.pendingDeletions.length,
  },
  {
    name: 'isthmus_link_flows_held_back',
    kind: 'gauge',
    help: 'Flows whose last stable offset at the source has stood for longer than `heldBackSeconds`.',
    read: (link) => link.flows.filter(({ heldBack }) => heldBack !== null).length,
  },
  {
    name: 'isthmus_link_flows_hanging',
    kind: 'gauge',
    help: 'Of those, the ones held back by a hanging transaction: it ends only when an operator aborts it.',
    read: (link) => link.flows.filter(({ heldBack }) => heldBack?.state === 'hanging').length,
  },
  {
    name: 'isthmus_link_positions_age_seconds',
    kind: 'gauge',
    help: 'Seconds since the positions of every group were last in step on the target: the most of any group whose positions are to be in step; +Inf where one never was.',
    read: (link, nowMs) => oldestSync(followed(link), nowMs),
  },
  {
    name: 'isthmus_link_reread_records',
    kind: 'gauge',
    help: 'Records that the groups of the link would read again if they moved to the target now, as far as known.',
    read: (link) => followed(link).reduce((sum, { rereadRecords }) => sum + (rereadRecords ?? 0), 0),
  },
  {
    name: 'isthmus_link_reread_unknown_groups',
    kind: 'gauge',
    help: 'Groups for which it is not known what they would read again.',
    read: (link) => followed(link).filter(({ rereadRecords }) => rereadRecords === null).length,
  },
]

/** Groups whose positions are to be in step; the others are left alone on purpose. */
function followed({ groups }: LinkStatus): GroupStatus[] {
  return groups.filter(({ state }) => state === 'synced' || state === 'not-copied' || state === 'failed')
}

function oldestSync(groups: readonly GroupStatus[], nowMs: number): number | undefined {
  if (groups.length === 0) return undefined
  let oldestMs = nowMs
  for (const { syncedAtMs } of groups) oldestMs = Math.min(oldestMs, syncedAtMs ?? Number.NEGATIVE_INFINITY)
  return (nowMs - oldestMs) / 1_000
}

/** Prometheus's way to tell facts: the value is always 1. */
export const PROCESS_METRIC = {
  name: 'isthmus_process_info',
  help: '1 for each process, with its version and its role. Without any, nothing else here can be trusted to be well.',
  labels: ['version', 'role'],
} as const

/** From events, because the status does not hold them. */
export const EVENT_METRICS = {
  apiRefused: {
    name: 'isthmus_api_refused_total',
    help: 'Requests to the API that were refused, by the code of the fault: without credentials or a role, or too many.',
    labels: ['code'],
  },
  apiUnaudited: {
    name: 'isthmus_api_unaudited_total',
    help: 'Changes through the API that are in the log but could not be written to the journal.',
    labels: [],
  },
  shardsOwned: {
    name: 'isthmus_shards_owned',
    help: 'Shards of the target that this process owns.',
    labels: ['target'],
  },
  shardsLost: {
    name: 'isthmus_shards_lost_total',
    help: 'Shards of the target that another process took from this one.',
    labels: ['target'],
  },
  members: { name: 'isthmus_members', help: 'Replicators that share the target.', labels: ['target'] },
  membersDiffering: {
    name: 'isthmus_members_differing',
    help: 'Replicators of the target that get no shards, because their links differ from those of the others.',
    labels: ['target'],
  },
  shardMoves: {
    name: 'isthmus_shard_moves_total',
    help: 'Shards that the group of replicators gave to this process or took from it.',
    labels: ['target', 'direction'],
  },
  linkErrors: { name: 'isthmus_link_errors_total', help: 'Errors that the link met and reported.', labels: ['link'] },
  topicsRefused: {
    name: 'isthmus_topics_refused_total',
    help: 'Times a selected topic was refused.',
    labels: ['link'],
  },
  incidents: {
    name: 'isthmus_incidents_total',
    help: 'Incidents that were put on record, or grew, by the code of their fault.',
    labels: ['link', 'code'],
  },
  positionsFailed: {
    name: 'isthmus_positions_failed_total',
    help: 'Times the positions of a group could not be synced.',
    labels: ['link'],
  },
  mapsMatched: {
    name: 'isthmus_maps_matched_total',
    help: 'Offset maps that were found by comparing both logs: of topics that were adopted, and of copies whose map was lost.',
    labels: ['link', 'why'],
  },
  recordsVerified: {
    name: 'isthmus_verified_records_total',
    help: 'Records of both sides that verifications have compared.',
    labels: ['link'],
  },
  differences: {
    name: 'isthmus_verify_differences_total',
    help: 'Records that verifications found different, missing or extra on the target.',
    labels: ['link'],
  },
  lastVerified: {
    name: 'isthmus_last_verified_timestamp_seconds',
    help: 'When a verification of the link last ended that could compare everything it was asked to and found no difference, seconds since 1970.',
    labels: ['link'],
  },
  positionsDeleted: {
    name: 'isthmus_positions_deleted_total',
    help: 'Positions deleted on the target because they are gone at the source.',
    labels: ['link'],
  },
} as const

function counter(name: string, help: string, read: (flow: FlowStatus) => number): MetricSpec<FlowStatus> {
  return { name, kind: 'counter', help: `${help} Since the process started.`, read }
}
