import type { ProbeRound } from '../security/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'

/** What probes of brokers and listeners have found, as data like metric-specs.ts. */
export const PROBE_METRICS = {
  certificate: {
    name: 'isthmus_certificate_expiry_seconds',
    help: 'Seconds until the certificate of a listener ends, as of the last probe of it; below 0 once it has ended.',
    labels: ['region', 'broker', 'listener'],
  },
  findings: {
    name: 'isthmus_probe_findings',
    help: 'Findings of the last probe of a region, by severity: critical, error, warning or info.',
    labels: ['region', 'severity'],
  },
  age: {
    name: 'isthmus_probe_age_seconds',
    help: 'Seconds since the region was last probed.',
    labels: ['region'],
  },
} as const

const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const

export function renderProbes(rounds: readonly ProbeRound[], nowMs: number): string[] {
  const certificates = rounds.flatMap(({ region, listeners }) =>
    listeners.flatMap(({ broker, name, tls }) => {
      if (tls === undefined) return []
      const labels = renderLabels({ region, broker: broker < 0 ? '' : String(broker), listener: name })
      return [{ subject: (tls.endsMs - nowMs) / 1_000, labels }]
    }),
  )
  const findings = rounds.flatMap(({ region, findings: found }) =>
    SEVERITIES.map((severity) => {
      const subject = found.filter((one) => one.severity === severity).length
      return { subject, labels: renderLabels({ region, severity }) }
    }),
  )
  const ages = rounds.map(({ region, atMs }) => {
    return { subject: Math.max(0, nowMs - atMs) / 1_000, labels: renderLabels({ region }) }
  })
  const value = (value: number) => ({ value })
  return [
    renderMetric({ ...PROBE_METRICS.certificate, kind: 'gauge' }, certificates, value),
    renderMetric({ ...PROBE_METRICS.findings, kind: 'gauge' }, findings, value),
    renderMetric({ ...PROBE_METRICS.age, kind: 'gauge' }, ages, value),
  ]
}
