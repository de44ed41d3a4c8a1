import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** One alert of `helm/isthmus/files/alerts.yaml`. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  /** As Prometheus writes durations. @defaultValue it fires at once */
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export const ALERTS_FILE = join(import.meta.dirname, '../../../helm/isthmus/files/alerts.yaml')

export function readAlerts(): AlertRule[] {
  const { groups } = parse(readFileSync(ALERTS_FILE, 'utf8')) as { groups: { rules: AlertRule[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** Minutes, rounded up. */
export function minutesOf(duration = '0s'): number {
  const [, count = '0', unit = 's'] = /^(\d+)([smhd])$/.exec(duration) ?? []
  return Math.ceil((Number(count) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd']) / 60)
}
