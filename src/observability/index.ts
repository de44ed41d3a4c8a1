export { logApiEvents } from './log-api-events.ts'
export type { ApiCall, ApiEvents } from './api-events.ts'
export { logFailoverEvents } from './log-failover-events.ts'
export { logAuthorityEvents } from './log-authority-events.ts'
export { logReplicationEvents } from './log-events.ts'
export { logRegionEvents } from './log-region-events.ts'
export { logFenceEvents } from './log-fences.ts'
export type { Logger } from 'pino'
export { createLogger, type LoggerOptions, type LogLevel } from './logger.ts'
export { createMetrics, type Metrics, type MetricsSources } from './metrics.ts'
export { createLinkHistory, type LinkHistory, type LinkSample } from './link-history.ts'
export { createProgress, type Progress } from './progress.ts'
export { listMetrics, type MetricRow, renderMetricsReference, unitOf } from './reference.ts'
export { Delivery } from './delivery.ts'
export type { EventFeed } from './feed/event-feed.ts'
export { type FeedEvent, isAtLeast, isKind } from './feed/feed-event.ts'
export { logNotifications } from './log-notifications.ts'
export type { NotificationTest } from './notifications/notifier.ts'
export type { NotificationStatus } from './notifications/notification-target.ts'
export {
  NotificationOptions,
  type NotificationTargetOptions,
  resolveNotificationOptions,
} from './notifications/options.ts'
