import type { GateStatus, WatchedFence } from '../security/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

/** Standing fences, as data like metric-specs.ts. */
export const FENCE_LABELS = ['region', 'group'] as const

export const FENCE_METRICS: readonly MetricSpec<WatchedFence>[] = [
  {
    name: 'isthmus_fence_proof_age_seconds',
    kind: 'gauge',
    help: 'Seconds since it was last found out whether the fence of a standby holds; +Inf before the first time.',
    read: ({ provedAtMs }, nowMs) => (provedAtMs === undefined ? Infinity : Math.max(0, nowMs - provedAtMs) / 1_000),
  },
  {
    name: 'isthmus_fence_brokers_open',
    kind: 'gauge',
    help: 'Brokers of a standby that take, or may take, writes of applications.',
    read: ({ proof }) => proof?.brokers.filter(({ verdict }) => verdict === 'open').length,
  },
]

export const FENCE_STATE_METRIC = {
  name: 'isthmus_fence_state',
  help: '1 for the state of the fence of a standby: fenced, open, unknown or unavailable. Anything but fenced wants a look.',
}

export function renderFences(fences: readonly WatchedFence[], nowMs: number): string[] {
  const subjects = fences.map((subject) => {
    return { subject, labels: renderLabels({ region: subject.region, group: subject.group }) }
  })
  return [
    ...FENCE_METRICS.map((spec) => renderMetric(spec, subjects, (fence) => ({ value: spec.read(fence, nowMs) }))),
    renderMetric({ ...FENCE_STATE_METRIC, kind: 'gauge' }, subjects, ({ state }) => {
      return { value: 1, moreLabels: `state="${state}"` }
    }),
  ]
}

export const GATE_METRIC = {
  name: 'isthmus_agent_gate',
  help: '1 for the position of the gate of the region that an agent stands in: open, closed or unknown.',
  labels: ['region', 'position'],
} as const

export function renderGate({ region, position }: GateStatus): string {
  const subjects = [{ subject: position, labels: renderLabels({ region }) }]
  return renderMetric({ ...GATE_METRIC, kind: 'gauge' }, subjects, () => {
    return { value: 1, moreLabels: `position="${position}"` }
  })
}
