import type { AutomaticDecision, AutomaticMode, GroupDocument, LeftMembers, Tally } from '../failover/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'

/** Failover groups, as data like metric-specs.ts. */
export const FAILOVER_METRICS = {
  leads: {
    name: 'isthmus_controller_leads',
    labels: [],
    help: '1 while this process leads: it decides and acts. Exactly one process should.',
  },
  epoch: {
    name: 'isthmus_failover_group_epoch',
    labels: ['group'],
    help: 'Number of the reign; every move that is committed raises it by one.',
  },
  role: {
    name: 'isthmus_failover_group_region',
    labels: ['group', 'region', 'role'],
    help: '1 for the role that the region has: active, standby, lost, returning or reseeding.',
  },
  unfenced: {
    name: 'isthmus_failover_group_unfenced',
    labels: ['group', 'region'],
    help: '1 where nothing proves that applications cannot write to a region that is not active.',
  },
  operation: {
    name: 'isthmus_failover_group_operation',
    labels: ['group', 'kind', 'phase'],
    help: '1 for the phase of the move that runs; needs-operator wants a person.',
  },
  returning: {
    name: 'isthmus_failover_group_return',
    labels: ['group', 'region', 'phase'],
    help: '1 for the phase of the way back of a region that was lost; choosing and needs-operator want a person.',
  },
  paused: {
    name: 'isthmus_failover_group_paused',
    labels: ['group'],
    help: '1 while new moves of the group are refused because somebody has paused it.',
  },
  writesPaused: {
    name: 'isthmus_failover_group_writes_paused_seconds',
    labels: ['group'],
    help: 'How long the move that runs has kept applications from writing.',
  },
  mode: {
    name: 'isthmus_failover_group_mode',
    labels: ['group', 'mode', 'decision'],
    help: '1 for the mode and what it makes of the active region: stay, would-move, page (a person has to decide), fence, move, undo or fail.',
  },
  page: {
    name: 'isthmus_failover_group_page',
    labels: ['group'],
    help: '1 while a person has to decide whether the group is left: the log and the status have the command to give.',
  },
  downVotes: {
    name: 'isthmus_failover_group_down_votes',
    labels: ['group'],
    help: 'Vantage points that see the active region down.',
  },
  downVotesNeeded: {
    name: 'isthmus_failover_group_down_votes_needed',
    labels: ['group'],
    help: 'How many of them are a majority.',
  },
  downFor: {
    name: 'isthmus_failover_group_down_seconds',
    labels: ['group'],
    help: 'For how long a majority has seen the active region down without a break.',
  },
  members: {
    name: 'isthmus_failover_group_members_left',
    labels: ['group', 'region'],
    help: 'Members that consumer groups have in a region that is not active; missing where the region does not say.',
  },
} as const

/** What is told of failover groups: the newest documents that this process has read. */
export interface FailoverStatus {
  readonly leads: boolean
  readonly groups: readonly GroupDocument[]
  /** By group, in a process that decides. */
  readonly automatic?: ReadonlyMap<string, AutomaticSight>
  /** Told by the controller that leads. */
  readonly clients: readonly LeftMembers[]
}

interface AutomaticSight {
  readonly mode: AutomaticMode
  readonly decision: AutomaticDecision | undefined
  readonly tally: Tally
}

export function renderFailover({ leads, groups, clients, automatic = new Map() }: FailoverStatus): string[] {
  const byGroup = groups.map((subject) => ({ subject, labels: renderLabels({ group: subject.group }) }))
  const byRegion = groups.flatMap(({ group, regions }) =>
    Object.entries(regions).map(([region, subject]) => ({ subject, labels: renderLabels({ group, region }) })),
  )
  const running = byGroup.flatMap(({ subject: { operation }, labels }) =>
    operation === undefined ? [] : [{ subject: operation, labels }],
  )
  const returns = byRegion.flatMap(({ subject, labels }) =>
    subject.return === undefined ? [] : [{ subject: subject.return, labels }],
  )
  const left = clients.flatMap(({ group, region, members: subject }) =>
    subject === undefined ? [] : [{ subject, labels: renderLabels({ group, region }) }],
  )
  const { leads: lead, epoch, role, unfenced, operation, returning, paused, writesPaused, members } = FAILOVER_METRICS
  return [
    renderMetric({ ...lead, kind: 'gauge' }, [{ subject: null, labels: '' }], () => ({ value: Number(leads) })),
    renderMetric({ ...epoch, kind: 'gauge' }, byGroup, (one) => ({ value: one.epoch })),
    renderMetric({ ...role, kind: 'gauge' }, byRegion, (one) => ({ value: 1, moreLabels: `role="${one.role}"` })),
    renderMetric({ ...unfenced, kind: 'gauge' }, byRegion, (one) => ({ value: Number(one.unfenced !== undefined) })),
    renderMetric({ ...operation, kind: 'gauge' }, running, ({ kind, phase }) => {
      return { value: 1, moreLabels: renderLabels({ kind, phase }) }
    }),
    renderMetric({ ...returning, kind: 'gauge' }, returns, ({ phase }) => ({
      value: 1,
      moreLabels: `phase="${phase}"`,
    })),
    renderMetric({ ...paused, kind: 'gauge' }, byGroup, (one) => ({ value: Number(one.paused !== undefined) })),
    renderMetric({ ...writesPaused, kind: 'gauge' }, running, (one) => ({ value: one.writePausedMs / 1_000 })),
    renderMetric({ ...members, kind: 'gauge' }, left, (value) => ({ value })),
    ...renderAutomatic(automatic),
  ]
}

function renderAutomatic(automatic: ReadonlyMap<string, AutomaticSight>): string[] {
  const byGroup = [...automatic].map(([group, subject]) => ({ subject, labels: renderLabels({ group }) }))
  const { mode, page, downVotes, downVotesNeeded, downFor } = FAILOVER_METRICS
  return [
    renderMetric({ ...mode, kind: 'gauge' }, byGroup, (one) => {
      return { value: 1, moreLabels: renderLabels({ mode: one.mode, decision: one.decision?.kind ?? 'stay' }) }
    }),
    renderMetric({ ...page, kind: 'gauge' }, byGroup, ({ decision }) => {
      return { value: Number(decision !== undefined && 'command' in decision) }
    }),
    renderMetric({ ...downVotes, kind: 'gauge' }, byGroup, ({ tally }) => ({ value: tally.down.length })),
    renderMetric({ ...downVotesNeeded, kind: 'gauge' }, byGroup, ({ tally }) => ({ value: tally.needed })),
    renderMetric({ ...downFor, kind: 'gauge' }, byGroup, ({ tally }) => ({ value: tally.heldMs / 1_000 })),
  ]
}
