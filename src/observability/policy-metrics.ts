import type { PolicyDrift } from '../security/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

/** Policies of rights and how the regions hold to them, as data like metric-specs.ts. Told by the controller that leads. */
export interface PolicyStatus {
  readonly owner: string
  readonly region: string
  /** Undefined where the region could not be looked at. */
  readonly drift: PolicyDrift | undefined
  /** Wall clock; undefined before. */
  readonly lookedAtMs: number | undefined
  readonly corrected: number
}

export const POLICY_LABELS = ['region', 'owner'] as const

export const POLICY_METRICS: readonly MetricSpec<PolicyStatus>[] = [
  {
    name: 'isthmus_policy_look_age_seconds',
    kind: 'gauge',
    help: 'Seconds since a region was last compared with a policy; +Inf before the first time.',
    read: ({ lookedAtMs }, nowMs) => (lookedAtMs === undefined ? Infinity : Math.max(0, nowMs - lookedAtMs) / 1_000),
  },
  {
    name: 'isthmus_policy_entries_corrected_total',
    kind: 'counter',
    help: 'Entries, users and quotas that were put up or taken away unasked. Since the process started.',
    read: ({ corrected }) => corrected,
  },
]

export const POLICY_DRIFT_METRIC = {
  name: 'isthmus_policy_drift_entries',
  help: 'Entries, users and quotas in which a region differs from a policy, by kind: missing, extra-owned, extra-foreign, changed, users or quotas.',
  labels: [...POLICY_LABELS, 'kind'],
} as const

const KINDS: Readonly<Record<string, (drift: PolicyDrift) => number>> = {
  missing: ({ missing }) => missing.length,
  'extra-owned': ({ extraOwned }) => extraOwned.length,
  'extra-foreign': ({ extraForeign }) => extraForeign.length,
  changed: ({ changed }) => changed.length,
  users: ({ users }) => users.length,
  quotas: ({ quotas }) => quotas.length,
}

export function renderPolicies(policies: readonly PolicyStatus[], nowMs: number): string[] {
  const subjects = policies.map((subject) => {
    return { subject, labels: renderLabels({ region: subject.region, owner: subject.owner }) }
  })
  const drifts = subjects.flatMap(({ subject: { drift, region, owner } }) => {
    if (drift === undefined) return []
    return Object.entries(KINDS).map(([kind, count]) => {
      return { subject: count(drift), labels: renderLabels({ region, owner, kind }) }
    })
  })
  return [
    ...POLICY_METRICS.map((spec) => renderMetric(spec, subjects, (one) => ({ value: spec.read(one, nowMs) }))),
    renderMetric({ ...POLICY_DRIFT_METRIC, kind: 'gauge' }, drifts, (value) => ({ value })),
  ]
}
