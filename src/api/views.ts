import { isName, type LinkName, linkName, type RegionName } from '../core/index.ts'
import { type DrillSummary, type GroupDocument, lastOf, type LeftMembers } from '../failover/index.ts'
import {
  findBlockingIncidents,
  type FlowStatus,
  type LinkStatus,
  type ReplicationStatus,
} from '../replication/index.ts'
import type {
  AutomaticBody,
  CopyBody,
  FailoverGroupSummary,
  FlowBody,
  FlowsBody,
  FlowsQuery,
  LagBody,
  LagQuery,
  LinkBody,
  StatusBody,
  TopicsBody,
} from './contract/index.ts'
import { sumCopies, viewCopies } from './copy-views.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent, GroupFence } from './ports.ts'
import { viewAutomatic } from './automatic-views.ts'
import { sumGroups } from './group-views.ts'
import { sumLink, summarise } from './summary.ts'

/** From the status of replication to the bodies of the contract. Pure. */
export function viewStatus(
  status: ReplicationStatus,
  {
    version,
    anonymous = 'none',
    regions,
    groups,
    drills,
    failover,
    gate: gateOf,
    config: configOf,
    watch,
  }: Omit<ApiContent, 'replication' | 'metrics'>,
): StatusBody {
  const gate = gateOf?.()
  const config = configOf?.()
  const copies = viewCopies(sumCopies(status), watch.status().heard)
  const linksOf = (side: 'source' | 'target', region: RegionName) =>
    status.links.filter((link) => link[side] === region).map((link) => link.link)
  return {
    atMs: status.atMs,
    version,
    summary: summariseHere(status, copies),
    regions: regions.map((region) => ({
      region,
      sourceOf: linksOf('source', region),
      targetOf: linksOf('target', region),
    })),
    failoverGroups: (groups?.() ?? []).map((one) => {
      const { fences, clients, groups: views } = failover ?? {}
      const lastDrill = viewLastDrill(drills?.().find(({ group }) => group === one.group))
      const summary = summariseGroup(one, {
        fences: fences?.of(one.group) ?? [],
        automatic: viewAutomatic(views?.get(one.group)?.automatic()),
        clients: clients?.status() ?? [],
      })
      return { ...summary, openIncidents: countIncidents(one, copies), lastDrill }
    }),
    ...(gate && { gate }),
    ...(config && { config: { ...config, restartKeys: [...config.restartKeys] } }),
    links: status.links.map((link) => viewLink(link, status.atMs)),
    copies,
    openIncidents: findBlockingIncidents(status).length,
    anonymous,
    members: status.members.map((member) => ({ ...member, shards: [...member.shards] })),
  }
}

/** A process without links says so, and not that nobody copies. */
function summariseHere(status: ReplicationStatus, copies: readonly CopyBody[]): string {
  const isCopiedElsewhere = status.links.length === 0 && copies.some(({ processes }) => processes > 0)
  return isCopiedElsewhere ? 'This process copies nothing; others do.' : summarise(status)
}

/** Of the links that it may ever have. */
function countIncidents({ group, regions }: GroupDocument, copies: readonly CopyBody[]): number {
  const names = Object.keys(regions)
  const own = new Set(names.flatMap((from) => names.map((to) => impliedLinkName(group, from, to))))
  return copies.reduce((sum, { link, openIncidents }) => sum + (own.has(link) ? openIncidents : 0), 0)
}

/** As the configuration names them. */
function impliedLinkName(group: string, active: string, standby: string): string {
  return `${group}-${active}-to-${standby}`
}

function viewLastDrill(summary: DrillSummary | undefined): FailoverGroupSummary['lastDrill'] {
  const last = summary && lastOf(summary)
  return last === undefined ? null : { id: last.id, level: last.level, outcome: last.outcome, at: last.endedAt }
}

function summariseGroup(
  { group, active, epoch, regions, reigns, operation, paused }: GroupDocument,
  {
    fences,
    automatic,
    clients,
  }: {
    readonly fences: readonly GroupFence[]
    readonly automatic: AutomaticBody | null
    readonly clients: readonly LeftMembers[]
  },
): Omit<FailoverGroupSummary, 'lastDrill' | 'openIncidents'> {
  const entries = Object.entries(regions).map(([region, { role, return: record }]) => {
    const isWaiting = record?.phase === 'choosing' || record?.phase === 'needs-operator'
    const what = record?.stop?.reason ?? 'say what becomes of the records that only it has'
    const fence = fences.find((one) => one.region === region)?.watched
    const unfenced = fence === undefined || fence.state === 'fenced' ? null : fence.reason
    const members = clients.find((one) => one.group === group && one.region === region)?.members ?? null
    return { region, role, waiting: isWaiting ? what : null, unfenced, members }
  })
  const isPaged = automatic !== null && automatic.command !== null
  const isStuck = operation?.phase === 'needs-operator' || entries.some(({ waiting }) => waiting !== null) || isPaged
  return {
    group,
    active,
    epoch,
    since: reigns.at(-1)?.committedAt ?? '',
    regions: entries,
    operation: operation === undefined ? null : `${operation.kind} to ${operation.to}: ${operation.phase}`,
    operationId: operation?.id ?? null,
    needsOperator: isStuck,
    isPaused: paused !== undefined,
    ...(automatic !== null && { automatic }),
  }
}

export function viewLink(link: LinkStatus, nowMs: number): LinkBody {
  const { link: name, source, target, state, reason } = link
  const counts = { refusedTopics: link.refusedTopics.length, pendingDeletions: link.pendingDeletions.length }
  return { link: name, source, target, state, reason, ...counts, ...sumGroups(link, nowMs), ...sumLink(link, nowMs) }
}

/** @throws `API_LINK_UNKNOWN` */
export function findLink(status: ReplicationStatus, name: string): LinkStatus {
  const found = status.links.find((link) => link.link === name)
  if (found !== undefined) return found
  const known = status.links.map((link) => link.link).join(', ') || '(none)'
  throw apiFaults.fault('API_LINK_UNKNOWN', { link: name, known })
}

/** @throws `API_LINK_UNKNOWN` */
export function knownLink(status: ReplicationStatus, name: string): LinkName {
  return linkName(findLink(status, name).link)
}

/** A name that may be that of a link which is gone from the status. @throws `API_LINK_UNKNOWN` */
export function knownLinkName(name: string): LinkName {
  if (!isName(name)) throw apiFaults.fault('API_LINK_UNKNOWN', { link: name, known: 'a name has a-z, 0-9 and dashes' })
  return linkName(name)
}

const FLOWS_A_PAGE = 100

export function viewFlows(link: LinkStatus, query: FlowsQuery): FlowsBody {
  const limit = query.limit ?? FLOWS_A_PAGE
  const matching = link.flows
    .filter((flow) => query.topic === undefined || flow.topic === query.topic)
    .filter((flow) => query.state === undefined || flow.state === query.state)
    .sort(compareFlows)
  const after = query.after === undefined ? undefined : parseCursor(query.after)
  const rest = after === undefined ? matching : matching.filter((flow) => compareFlows(flow, after) > 0)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    link: link.link,
    total: matching.length,
    next: last !== undefined && rest.length > page.length ? `${last.topic}:${last.partition}` : null,
    flows: page.map(viewFlow),
  }
}

type FlowKey = Pick<FlowStatus, 'topic' | 'partition'>

function compareFlows(a: FlowKey, b: FlowKey): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}

/** `topic:partition`; topics have no colon. */
function parseCursor(cursor: string): FlowKey {
  const match = /^([^:]+):(\d{1,9})$/.exec(cursor)
  if (match === null) throw apiFaults.fault('API_REQUEST_INVALID', { reason: '`after` is not the `next` of a page' })
  return { topic: match[1] ?? '', partition: Number(match[2]) }
}

function viewFlow(flow: FlowStatus): FlowBody {
  const { link: _link, counters, fault, heldBack, sourceHighWatermark: _end, ...same } = flow
  const { recordsCopied, bytesCopied, recordsLost, recordsFiltered, recordsQuarantined, recordsSkipped } = counters
  return {
    ...same,
    recordsCopied,
    bytesCopied,
    recordsLost,
    recordsFiltered,
    recordsQuarantined,
    recordsSkipped,
    batchesPassed: counters.batchesPassed,
    batchesRepacked: { ...counters.repacked },
    ...(fault !== null && { fault }),
    ...(heldBack !== null && { heldBack: { ...heldBack, producerId: heldBack.producerId?.toString() ?? null } }),
  }
}

export function viewTopics({ link, refusedTopics, pendingDeletions }: LinkStatus): TopicsBody {
  return {
    link,
    refused: [...refusedTopics],
    pendingDeletions: pendingDeletions.map(({ leftMs, ...same }) => {
      return { ...same, leftSeconds: Math.ceil(leftMs / 1_000) }
    }),
  }
}

type LagGroup = LagBody['groups'][number]
type LagPartition = LagGroup['topics'][number]['partitions'][number]

/** For each link the copy itself, then each group: what it has still to read, and what the copy has still to take. */
export function viewLag(status: ReplicationStatus, query: LagQuery): LagBody {
  const links = query.link === undefined ? status.links : [findLink(status, query.link)]
  return { atMs: status.atMs, groups: links.flatMap((link) => lagOfLink(link, query)) }
}

function lagOfLink(link: LinkStatus, query: LagQuery): LagGroup[] {
  const isAsked = (topic: string) => query.topic === undefined || topic === query.topic
  const flows = link.flows.filter((flow) => isAsked(flow.topic)).sort(compareFlows)
  const flowAt = new Map(flows.map((flow) => [`${flow.topic}:${flow.partition}`, flow]))
  const copy = { link: link.link, group: null, topics: byTopic(flows, (flow) => lagOf(flow, null, 0)) }
  const groups = link.groups
    .filter((group) => query.group === undefined || group.group === query.group)
    .map((group) => {
      const positions = group.positions.filter((position) => isAsked(position.topic)).sort(compareFlows)
      const topics = byTopic(positions, ({ topic, partition, sourceOffset, rereadRecords }) => ({
        ...lagOf(flowAt.get(`${topic}:${partition}`), sourceOffset, rereadRecords),
        partition,
      }))
      return { link: link.link, group: group.group, topics }
    })
  return query.group === undefined ? [copy, ...groups] : groups
}

function lagOf(flow: FlowStatus | undefined, position: number | null, rereadRecords: number | null): LagPartition {
  const end = flow?.sourceEnd ?? null
  return {
    partition: flow?.partition ?? 0,
    position,
    end,
    lagRecords: position === null || end === null ? null : Math.max(0, end - position),
    copyLagRecords: flow?.lagRecords ?? null,
    copyLagSeconds: flow?.lagSeconds ?? null,
    rereadRecords,
  }
}

function byTopic<Item extends FlowKey>(items: readonly Item[], view: (item: Item) => LagPartition): LagGroup['topics'] {
  const topics = new Map<string, LagPartition[]>()
  for (const item of items) {
    const partitions = topics.get(item.topic) ?? []
    topics.set(item.topic, partitions)
    partitions.push(view(item))
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
