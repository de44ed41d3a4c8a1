import type { RegionCopies } from '../../authority/index.ts'
import type { GroupDocument } from '../../failover/index.ts'
import type { NotificationStatus } from '../../observability/index.ts'
import type { RegionsStatus } from '../../regions/index.ts'
import type { LinkStatus } from '../../replication/index.ts'
import { type Finding, type FindingSpec, type FoundAt, listOf } from './finding.ts'

/** What this process knows without asking a region: the authority, the vantage points, the groups, who is told. */
export const PROCESS_FINDINGS = {
  'authority-silent': {
    severity: 'error',
    title: 'The authority does not answer: no move starts or goes on.',
    remedy: 'Bring it back, or restore it from a region: `isthmus authority restore`.',
  },
  'authority-falls-with-region': {
    severity: 'warning',
    title: 'The authority is lost together with a region that it decides over.',
    remedy: 'Run it outside these regions, or as etcd in at least three sites.',
  },
  'authority-place-unknown': {
    severity: 'info',
    title: 'It is not known in which region the authority stands: a file falls with the machine it is on.',
    remedy: 'Set health.standsIn to the region of this machine, or run etcd in at least three sites.',
  },
  'state-copy-behind': {
    severity: 'warning',
    title: 'The copy of the state in a region is behind: a lost authority could not be restored from it.',
    remedy: 'Let Isthmus write to the topic __isthmus.state of the region.',
  },
  'state-copy-refused': {
    severity: 'error',
    title: 'A region holds a newer state than the authority, or that of another one.',
    remedy: 'See `isthmus authority status`: the authority was reset, or there are two.',
  },
  'vantage-points-few': {
    severity: 'warning',
    title:
      'Fewer than three vantage points watch the regions: none of them is ever found down for certain (info where people decide).',
    remedy: 'Run agents or controllers in at least three places that fail apart.',
  },
  'observer-in-doubt': {
    severity: 'warning',
    title: 'This process does not trust its own view of the regions.',
    remedy: 'Give it a machine that does not stall, and a clock that does not jump.',
  },
  'gate-missing': {
    severity: 'info',
    title: 'A region has no gate: after a failover it takes writes from its return until it is fenced.',
    remedy: 'Configure regions[].gate and run `isthmus run --role agent --region REGION` beside it.',
  },
  'agent-absent': {
    severity: 'warning',
    title: 'A region has a gate, and no agent beside it is heard.',
    remedy: 'Start `isthmus run --role agent --region REGION` beside the region, or see why its reports do not arrive.',
  },
  'group-unrecorded': {
    severity: 'error',
    title: 'The authority has no record of a failover group.',
    remedy: 'See the log of the controller that leads: it says what it waits for.',
  },
  'region-not-standby': {
    severity: 'warning',
    title: 'A region of the group is neither active nor a standby.',
    remedy: 'See `isthmus groups` and `isthmus divergence show` for what its return waits for.',
  },
  'region-unfenced': {
    severity: 'warning',
    title: 'Nothing proves that applications cannot write to a region that a move has left.',
    remedy: 'Fence the region, or let the return that is under way do it.',
  },
  'operation-stopped': {
    severity: 'error',
    title: 'A move waits for a person.',
    remedy: '`isthmus operation show` says what to do.',
  },
  'flows-stopped': {
    severity: 'error',
    title: 'Flows of a link have stopped.',
    remedy: '`isthmus status` and `isthmus incidents` say why, and what to do.',
  },
  'notifications-failing': {
    severity: 'warning',
    title: 'Notifications do not reach their receiver.',
    remedy: 'Correct address, token or network, then try it: `isthmus doctor --notify-test`.',
  },
} as const satisfies Record<string, FindingSpec>

export interface ProcessSeen {
  /** Undefined in a process that controls no failover group. */
  readonly control:
    | {
        readonly answers: boolean
        readonly where: string
        readonly backend: string
        readonly fallsWith: readonly string[]
        readonly copies: readonly RegionCopies[]
        readonly groups: readonly GroupSeen[]
      }
    | undefined
  readonly watch: Pick<RegionsStatus, 'vantage' | 'standsIn' | 'doubt' | 'heard'>
  /** After so long, a vantage point that was heard is silent. */
  readonly staleMs: number
  /** Regions of failover groups, and whether an agent is to have a gate there. */
  readonly regions: readonly { readonly region: string; readonly hasGate: boolean }[]
  readonly links: readonly Pick<LinkStatus, 'link' | 'flows'>[]
  readonly notifications: readonly Pick<NotificationStatus, 'name' | 'where' | 'failingSinceMs' | 'reason'>[]
  readonly nowMs: number
}

export interface GroupSeen {
  readonly group: string
  readonly regions: readonly string[]
  readonly mode: 'manual' | 'observe' | 'automatic'
  /** Undefined where it is not recorded. */
  readonly document: GroupDocument | undefined
}

const VANTAGE_POINTS_LEAST = 3
/** A copy is behind for a moment after each change. */
const BEHIND_MS = 30_000

/** Pure. */
export function findInProcess(seen: ProcessSeen): Finding[] {
  const { control, links, notifications, nowMs } = seen
  const stopped = links.flatMap(({ link, flows }) => {
    const count = flows.filter(({ state }) => state === 'stopped').length
    return count === 0 ? [] : [`${link}: ${count}`]
  })
  return [
    ...(stopped.length === 0 ? [] : [finding('flows-stopped', { evidence: listOf(stopped) })]),
    ...notifications.flatMap(({ name, where, failingSinceMs, reason }) => {
      if (failingSinceMs === undefined) return []
      const seconds = Math.round((nowMs - failingSinceMs) / 1_000)
      return [finding('notifications-failing', { evidence: `${name} (${where}), for ${seconds} s: ${reason}` })]
    }),
    ...(control === undefined ? [] : [...findInAuthority(control, seen), ...control.groups.flatMap(findInGroup)]),
    ...findInWatch(seen),
  ]
}

function findInAuthority(control: NonNullable<ProcessSeen['control']>, { watch }: ProcessSeen): Finding[] {
  const { answers, where, backend, fallsWith, copies, groups } = control
  const falling = groups.flatMap(({ group, regions }) => {
    const with_ = fallsWith.filter((region) => regions.includes(region))
    return with_.map((region) => {
      return finding('authority-falls-with-region', { group, region, evidence: `${where} falls with ${region}` })
    })
  })
  const isUnplaced = backend === 'sqlite' && watch.standsIn === null
  return [
    ...(answers ? [] : [finding('authority-silent', { evidence: where })]),
    ...falling,
    ...(isUnplaced ? [finding('authority-place-unknown', { evidence: where })] : []),
    ...copies.flatMap(findInCopies),
  ]
}

function findInCopies({ region, behind, behindForMs, trouble, refused, strays }: RegionCopies): Finding[] {
  const odd = [
    ...refused.map(({ key, why }) => `${key} is ${why}`),
    ...strays.map((key) => `${key} is not in the authority`),
  ]
  const isBehind = behind > 0 && behindForMs >= BEHIND_MS
  const why = trouble === undefined ? '' : `: ${trouble}`
  const evidence = `${behind} documents for ${Math.round(behindForMs / 1_000)} s${why}`
  return [
    ...(isBehind ? [finding('state-copy-behind', { region, evidence })] : []),
    ...(odd.length > 0 ? [finding('state-copy-refused', { region, evidence: listOf(odd) })] : []),
  ]
}

function findInGroup({ group, regions, document }: GroupSeen): Finding[] {
  if (document === undefined)
    return [finding('group-unrecorded', { group, evidence: `of regions ${regions.join(', ')}` })]
  const { operation } = document
  const entries = Object.entries(document.regions)
  const away = entries.filter(([, { role }]) => role !== 'active' && role !== 'standby')
  const isStopped = operation?.phase === 'needs-operator'
  return [
    ...(isStopped
      ? [finding('operation-stopped', { group, evidence: `${operation.kind} ${operation.id} to ${operation.to}` })]
      : []),
    ...away.map(([region, { role, since, reason }]) => {
      return finding('region-not-standby', { group, region, evidence: `${role} since ${since}: ${reason}` })
    }),
    ...entries.flatMap(([region, { unfenced }]) => {
      return unfenced === undefined ? [] : [finding('region-unfenced', { group, region, evidence: unfenced.reason })]
    }),
  ]
}

function findInWatch({ watch, staleMs, regions, control }: ProcessSeen): Finding[] {
  if (regions.length === 0) return []
  const { vantage, standsIn, doubt, heard } = watch
  const present = heard.filter(({ ageMs }) => ageMs <= staleMs).map(({ report }) => report)
  const names = [vantage, ...present.map((report) => report.vantage)]
  const standing = new Set<string | null>([standsIn, ...present.map((report) => report.standsIn)])
  const few = finding('vantage-points-few', { evidence: `${names.length}: ${listOf(names)}` })
  // Where people decide, it is they who have to be sure.
  const isManual = (control?.groups ?? []).every(({ mode }) => mode === 'manual')
  return [
    ...(names.length < VANTAGE_POINTS_LEAST ? [isManual ? { ...few, severity: 'info' as const } : few] : []),
    ...(doubt === null ? [] : [finding('observer-in-doubt', { evidence: doubt.reason })]),
    ...regions.flatMap(({ region, hasGate }) => {
      if (!hasGate) return [finding('gate-missing', { region, evidence: 'regions[].gate is not configured' })]
      if (standing.has(region)) return []
      return [finding('agent-absent', { region, evidence: `no vantage point of ${listOf(names)} stands in ${region}` })]
    }),
  ]
}

function finding(id: keyof typeof PROCESS_FINDINGS, { group, region, evidence }: FoundAt): Finding {
  return { id, group: group ?? null, region: region ?? null, evidence, ...PROCESS_FINDINGS[id] }
}
