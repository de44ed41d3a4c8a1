import type { GroupDocument } from '../failover/index.ts'
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
} as const

/** What is told of failover groups: the newest documents that this process has read. */
export interface FailoverStatus {
  readonly leads: boolean
  readonly groups: readonly GroupDocument[]
}

export function renderFailover({ leads, groups }: FailoverStatus): string[] {
  const byGroup = groups.map((subject) => ({ subject, labels: renderLabels({ group: subject.group }) }))
  const byRegion = groups.flatMap(({ group, regions }) =>
    Object.entries(regions).map(([region, subject]) => ({ subject, labels: renderLabels({ group, region }) })),
  )
  const running = byGroup.flatMap(({ subject: { operation }, labels }) =>
    operation === undefined ? [] : [{ subject: operation, labels }],
  )
  const { leads: lead, epoch, role, unfenced, operation, paused, writesPaused } = FAILOVER_METRICS
  return [
    renderMetric({ ...lead, kind: 'gauge' }, [{ subject: null, labels: '' }], () => ({ value: Number(leads) })),
    renderMetric({ ...epoch, kind: 'gauge' }, byGroup, (one) => ({ value: one.epoch })),
    renderMetric({ ...role, kind: 'gauge' }, byRegion, (one) => ({ value: 1, moreLabels: `role="${one.role}"` })),
    renderMetric({ ...unfenced, kind: 'gauge' }, byRegion, (one) => ({ value: Number(one.unfenced !== undefined) })),
    renderMetric({ ...operation, kind: 'gauge' }, running, ({ kind, phase }) => {
      return { value: 1, moreLabels: renderLabels({ kind, phase }) }
    }),
    renderMetric({ ...paused, kind: 'gauge' }, byGroup, (one) => ({ value: Number(one.paused !== undefined) })),
    renderMetric({ ...writesPaused, kind: 'gauge' }, running, (one) => ({ value: one.writePausedMs / 1_000 })),
  ]
}
