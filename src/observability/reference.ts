import { AUTHORITY_METRIC, COPY_LABELS, COPY_METRICS } from './authority-metrics.ts'
import { DELIVERY_LABELS, NOTIFICATION_METRICS, STREAM_METRICS } from './delivery-metrics.ts'
import { DRILL_METRICS } from './drill-metrics.ts'
import { FAILOVER_METRICS } from './failover-metrics.ts'
import { FENCE_LABELS, FENCE_METRICS, FENCE_STATE_METRIC, GATE_METRIC } from './fence-metrics.ts'
import {
  EVENT_METRICS,
  FLOW_LABELS,
  FLOW_METRICS,
  GROUP_LABELS,
  GROUP_METRICS,
  INCIDENT_LABELS,
  INCIDENT_METRICS,
  LINK_LABELS,
  LINK_METRICS,
  REPACKED_METRIC,
  STATE_METRICS,
} from './metric-specs.ts'
import { OBSERVER_METRICS, REGION_LABELS, REGION_METRICS, REGION_STATES } from './region-metrics.ts'

const HEAD = `# Metrics

Served on \`/metrics\`. Every name ends in its unit. A value that is not known is left out, never 0: a flow that stands
still has no lag, and \`isthmus_flow_observation_age_seconds\` and \`isthmus_flow_state\` tell why.
The metrics of the process itself (\`process_*\`, \`nodejs_*\`) are those of prom-client.
This page is made from the table of metrics (\`UPDATE=1 npx vitest run --project tidy\` writes it anew); a test compares them.

| Metric | Kind | Labels | Meaning |
|---|---|---|---|
`

/** The reference page, as Markdown. */
export function renderMetricsReference(): string {
  const kindOf = (name: string) => (name.endsWith('_total') ? 'counter' : 'gauge')
  const rows = [
    ...FLOW_METRICS.map(({ name, help }) => row(name, kindOf(name), FLOW_LABELS, help)),
    row(REPACKED_METRIC.name, 'counter', [...FLOW_LABELS, 'reason'], REPACKED_METRIC.help),
    row(STATE_METRICS.flow.name, 'gauge', [...FLOW_LABELS, 'state'], STATE_METRICS.flow.help),
    ...GROUP_METRICS.map(({ name, help }) => row(name, kindOf(name), GROUP_LABELS, help)),
    ...LINK_METRICS.map(({ name, help }) => row(name, kindOf(name), LINK_LABELS, help)),
    row(STATE_METRICS.link.name, 'gauge', [...LINK_LABELS, 'state'], STATE_METRICS.link.help),
    ...INCIDENT_METRICS.map(({ name, help }) => row(name, kindOf(name), INCIDENT_LABELS, help)),
    ...REGION_METRICS.map(({ name, help }) => row(name, 'gauge', REGION_LABELS, help)),
    row(REGION_STATES.level.name, 'gauge', [...REGION_LABELS, 'level'], REGION_STATES.level.help),
    row(REGION_STATES.verdict.name, 'gauge', [...REGION_LABELS, 'verdict'], REGION_STATES.verdict.help),
    ...Object.values(OBSERVER_METRICS).map(({ name, help }) => row(name, 'gauge', [], help)),
    row(AUTHORITY_METRIC.name, 'gauge', [], AUTHORITY_METRIC.help),
    ...COPY_METRICS.map(({ name, help }) => row(name, 'gauge', COPY_LABELS, help)),
    ...Object.values(FAILOVER_METRICS).map(({ name, help, labels }) => row(name, 'gauge', labels, help)),
    ...Object.values(DRILL_METRICS).map(({ name, help, labels }) => row(name, 'gauge', labels, help)),
    row(FENCE_STATE_METRIC.name, 'gauge', [...FENCE_LABELS, 'state'], FENCE_STATE_METRIC.help),
    row(GATE_METRIC.name, 'gauge', GATE_METRIC.labels, GATE_METRIC.help),
    ...FENCE_METRICS.map(({ name, help }) => row(name, kindOf(name), FENCE_LABELS, help)),
    ...NOTIFICATION_METRICS.map(({ name, help }) => row(name, kindOf(name), DELIVERY_LABELS, help)),
    ...STREAM_METRICS.map(({ name, help }) => row(name, kindOf(name), [], help)),
    ...Object.values(EVENT_METRICS).map(({ name, help, labels }) => row(name, kindOf(name), labels, help)),
  ]
  return `${HEAD}${rows.join('\n')}\n`
}

function row(name: string, kind: string, labels: readonly string[], help: string): string {
  return `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
}
