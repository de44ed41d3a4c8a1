import { AUTHORITY_METRIC, COPY_LABELS, COPY_METRICS } from './authority-metrics.ts'
import { CONFIG_METRICS } from './config-metrics.ts'
import { CREDENTIAL_LABELS, CREDENTIAL_METRICS, CREDENTIAL_VERSION_METRIC } from './credential-metrics.ts'
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
  PROCESS_METRIC,
  REPACKED_METRIC,
  STATE_METRICS,
} from './metric-specs.ts'
import { POLICY_DRIFT_METRIC, POLICY_LABELS, POLICY_METRICS } from './policy-metrics.ts'
import { PROBE_METRICS } from './probe-metrics.ts'
import { OBSERVER_METRICS, REGION_LABELS, REGION_METRICS, REGION_STATES } from './region-metrics.ts'

const HEAD = `# Metrics

Served on \`/metrics\`. Every name says its unit. A value that is not known is left out, never 0: a flow that stands
still has no lag, and \`isthmus_flow_observation_age_seconds\` and \`isthmus_flow_state\` tell why.
The metrics of the process itself (\`process_*\`, \`nodejs_*\`) are those of prom-client.
This page is made from the table of metrics (\`UPDATE=1 npx vitest run --project tidy\` writes it anew); a test compares them.

| Metric | Kind | Unit | Labels | Meaning |
|---|---|---|---|---|
`

/** The last of these words in a name is its unit. */
const UNITS: Readonly<Record<string, string>> = {
  seconds: 'seconds',
  bytes: 'bytes',
  epoch: 'number of the reign',
  api: 'requests',
  differences: 'records',
  reread: 'records',
  errors: 'errors',
  holes: 'offsets',
}
const COUNTED = (
  'records batches flows topics groups deletions incidents brokers partitions canaries points documents votes ' +
  'members drills notifications streams shards moves positions maps entries changes failures findings keys'
).split(' ')

/** A metric as the page has it; alerts and dashboards may name these only. */
export interface MetricRow {
  readonly name: string
  readonly kind: 'gauge' | 'counter'
  readonly labels: readonly string[]
  readonly help: string
}

/** Every metric of Isthmus, in the order of the page. */
export function listMetrics(): MetricRow[] {
  return [
    ...FLOW_METRICS.map((spec) => row(spec, FLOW_LABELS)),
    row(REPACKED_METRIC, [...FLOW_LABELS, 'reason']),
    row(STATE_METRICS.flow, [...FLOW_LABELS, 'state']),
    ...GROUP_METRICS.map((spec) => row(spec, GROUP_LABELS)),
    ...LINK_METRICS.map((spec) => row(spec, LINK_LABELS)),
    row(STATE_METRICS.link, [...LINK_LABELS, 'state']),
    row(STATE_METRICS.group, [...LINK_LABELS, 'state']),
    ...INCIDENT_METRICS.map((spec) => row(spec, INCIDENT_LABELS)),
    ...REGION_METRICS.map((spec) => row(spec, REGION_LABELS)),
    row(REGION_STATES.level, [...REGION_LABELS, 'level']),
    row(REGION_STATES.verdict, [...REGION_LABELS, 'verdict']),
    ...Object.values(OBSERVER_METRICS).map((spec) => row(spec, [])),
    row(AUTHORITY_METRIC, []),
    ...COPY_METRICS.map((spec) => row(spec, COPY_LABELS)),
    ...Object.values(FAILOVER_METRICS).map((spec) => row(spec, spec.labels)),
    ...Object.values(DRILL_METRICS).map((spec) => row(spec, spec.labels)),
    row(FENCE_STATE_METRIC, [...FENCE_LABELS, 'state']),
    row(GATE_METRIC, GATE_METRIC.labels),
    ...FENCE_METRICS.map((spec) => row(spec, FENCE_LABELS)),
    ...Object.values(PROBE_METRICS).map((spec) => row(spec, spec.labels)),
    row(POLICY_DRIFT_METRIC, POLICY_DRIFT_METRIC.labels),
    ...POLICY_METRICS.map((spec) => row(spec, POLICY_LABELS)),
    ...NOTIFICATION_METRICS.map((spec) => row(spec, DELIVERY_LABELS)),
    ...STREAM_METRICS.map((spec) => row(spec, [])),
    ...CREDENTIAL_METRICS.map((spec) => row(spec, CREDENTIAL_LABELS)),
    row(CREDENTIAL_VERSION_METRIC, [...CREDENTIAL_LABELS, 'version']),
    ...Object.values(EVENT_METRICS).map((spec) => row(spec, spec.labels)),
    ...CONFIG_METRICS.map((spec) => row(spec, [])),
    row(PROCESS_METRIC, PROCESS_METRIC.labels),
  ]
}

/** The unit of a metric, as its name says; undefined where that says nothing. A set of states has none. */
export function unitOf({ name, help }: Pick<MetricRow, 'name' | 'help'>): string | undefined {
  if (name.endsWith('_timestamp_seconds')) return 'seconds since 1970'
  if (/^1\b/.test(help)) return '1 where it holds'
  const word = name.split('_').findLast((one) => Object.hasOwn(UNITS, one) || COUNTED.includes(one))
  return word === undefined ? undefined : (UNITS[word] ?? word)
}

/** The reference page, as Markdown. */
export function renderMetricsReference(): string {
  const rows = listMetrics().map((metric) => {
    const { name, kind, labels, help } = metric
    return `| \`${name}\` | ${kind} | ${unitOf(metric) ?? ''} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
  })
  return `${HEAD}${rows.join('\n')}\n`
}

function row({ name, help }: { readonly name: string; readonly help: string }, labels: readonly string[]): MetricRow {
  return { name, kind: name.endsWith('_total') ? 'counter' : 'gauge', labels, help }
}
