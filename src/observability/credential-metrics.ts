import type { CredentialStatus } from '../credentials/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

/** Files of credentials, as data like metric-specs.ts. */
export const CREDENTIAL_LABELS = ['credential'] as const

export const CREDENTIAL_METRICS: readonly MetricSpec<CredentialStatus>[] = [
  {
    name: 'isthmus_credential_age_seconds',
    kind: 'gauge',
    help: 'For how long this version of the files counts here.',
    read: ({ sinceMs }, nowMs) => Math.max(0, nowMs - sinceMs) / 1_000,
  },
  {
    name: 'isthmus_credential_expires_seconds',
    kind: 'gauge',
    help: 'Until the first certificate in the files ends; below 0 where it has ended. Left out where there is none.',
    read: ({ endsAtMs }, nowMs) => (endsAtMs === null ? undefined : (endsAtMs - nowMs) / 1_000),
  },
  {
    name: 'isthmus_credential_changes_total',
    kind: 'counter',
    help: 'How often the files have changed and were taken.',
    read: ({ changes }) => changes,
  },
  {
    name: 'isthmus_credential_failures_total',
    kind: 'counter',
    help: 'How often the files have changed to something that cannot be used.',
    read: ({ failures }) => failures,
  },
  {
    name: 'isthmus_credential_trouble',
    kind: 'gauge',
    help: '1 while what stands in the files is not in use: it cannot be read or parsed, or brokers take only what was there before.',
    read: ({ trouble, usesFormer }) => (trouble !== null || usesFormer ? 1 : 0),
  },
]

export const CREDENTIAL_VERSION_METRIC = {
  name: 'isthmus_credential_version_info',
  help: '1 for each set of files. The label tells versions of the same files apart, and is the same in every process that has read the same.',
} as const

export function renderCredentials(credentials: readonly CredentialStatus[], nowMs: number): string[] {
  const all = credentials.map((subject) => ({ subject, labels: renderLabels({ credential: subject.name }) }))
  return [
    ...CREDENTIAL_METRICS.map((spec) => renderMetric(spec, all, (one) => ({ value: spec.read(one, nowMs) }))),
    renderMetric({ ...CREDENTIAL_VERSION_METRIC, kind: 'gauge' }, all, ({ version }) => ({
      value: 1,
      moreLabels: `version="${version}"`,
    })),
  ]
}
