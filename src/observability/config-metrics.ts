import type { ConfigStatus } from './config-events.ts'
import { renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

/** The configuration file, as data like metric-specs.ts. */
export const CONFIG_METRICS: readonly MetricSpec<ConfigStatus>[] = [
  {
    name: 'isthmus_config_restart_needed_keys',
    kind: 'gauge',
    help: 'Keys of the configuration file that have changed and count only after a restart; the log and `isthmus status` name them.',
    read: ({ restartKeys }) => restartKeys.length,
  },
  {
    name: 'isthmus_config_refused',
    kind: 'gauge',
    help: '1 while the configuration file as it stands cannot be used, and what was read before goes on to count.',
    read: ({ refused }) => (refused === null ? 0 : 1),
  },
  {
    name: 'isthmus_config_applied_timestamp_seconds',
    kind: 'gauge',
    help: 'When the configuration that counts was read: at the start, or at the last change.',
    read: ({ appliedAtMs }) => appliedAtMs / 1_000,
  },
]

export function renderConfig(status: ConfigStatus, nowMs: number): string[] {
  const whole = [{ subject: status, labels: '' }]
  return CONFIG_METRICS.map((spec) => renderMetric(spec, whole, (one) => ({ value: spec.read(one, nowMs) })))
}
