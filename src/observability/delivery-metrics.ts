import { renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'
import type { NotificationStatus } from './notifications/notification-target.ts'

/** Notifications and event streams, as data like metric-specs.ts. */
export const DELIVERY_LABELS = ['name'] as const

export const NOTIFICATION_METRICS: readonly MetricSpec<NotificationStatus>[] = [
  {
    name: 'isthmus_notifications_sent_total',
    kind: 'counter',
    help: 'Notifications that the receiver has taken.',
    read: ({ sent }) => sent,
  },
  {
    name: 'isthmus_notifications_failed_total',
    kind: 'counter',
    help: 'Notifications that were given up: after many attempts, or because the receiver does not take them.',
    read: ({ failed }) => failed,
  },
  {
    name: 'isthmus_notifications_dropped_total',
    kind: 'counter',
    help: 'Notifications that were never tried because too many were waiting.',
    read: ({ dropped }) => dropped,
  },
  {
    name: 'isthmus_notifications_waiting',
    kind: 'gauge',
    help: 'Notifications that are to be sent.',
    read: ({ waiting }) => waiting,
  },
  {
    name: 'isthmus_notifications_failing_seconds',
    kind: 'gauge',
    help: 'For how long no attempt has succeeded; 0 where the last one did. Anything else wants a look: nobody is told of what happens.',
    read: ({ failingSinceMs }, nowMs) =>
      failingSinceMs === undefined ? 0 : Math.max(0, nowMs - failingSinceMs) / 1_000,
  },
]

/** What is told of those who follow the events over the API. */
export interface StreamStatus {
  readonly open: number
  /** Because they did not read as fast as events came. */
  readonly cut: number
}

export const STREAM_METRICS: readonly MetricSpec<StreamStatus>[] = [
  {
    name: 'isthmus_event_streams',
    kind: 'gauge',
    help: 'Clients that follow the events of this process.',
    read: ({ open }) => open,
  },
  {
    name: 'isthmus_event_streams_cut_total',
    kind: 'counter',
    help: 'Clients that were cut off because they did not read what they were sent.',
    read: ({ cut }) => cut,
  },
]

export interface DeliveryStatus {
  readonly notifications: readonly NotificationStatus[]
  readonly streams: StreamStatus
}

export function renderDelivery({ notifications, streams }: DeliveryStatus, nowMs: number): string[] {
  const receivers = notifications.map((subject) => ({ subject, labels: renderLabels({ name: subject.name }) }))
  const whole = [{ subject: streams, labels: '' }]
  return [
    ...NOTIFICATION_METRICS.map((spec) => renderMetric(spec, receivers, (one) => ({ value: spec.read(one, nowMs) }))),
    ...STREAM_METRICS.map((spec) => renderMetric(spec, whole, (one) => ({ value: spec.read(one, nowMs) }))),
  ]
}
