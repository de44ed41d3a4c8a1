import type { Control, SecurityControl } from './controller/index.ts'
import type { Events } from './core/index.ts'
import type { CredentialFiles } from './credentials/index.ts'
import {
  type ApiEvents,
  type ConfigEvents,
  type Delivery,
  type Logger,
  logApiEvents,
  logAuthorityEvents,
  logConfigEvents,
  logCredentialEvents,
  logFailoverEvents,
  logFenceEvents,
  logNotifications,
  logRegionEvents,
  logReplicationEvents,
} from './observability/index.ts'
import type { RegionWatch } from './regions/index.ts'
import type { Replicator } from './replication/index.ts'

/** Whoever in a process tells of something. */
interface Tellers {
  readonly events: Replicator['events']
  readonly watch: RegionWatch
  readonly delivery: Delivery
  /** Of the API. */
  readonly calls: Events<ApiEvents>
  readonly files: CredentialFiles
  /** Of the configuration file. */
  readonly changes: Events<ConfigEvents>
  readonly control: Control | undefined
  readonly security: SecurityControl | undefined
}

/** Logs what every part of the process tells. Returns what ends it. */
export function startLogging(
  logger: Logger,
  { events, watch, delivery, calls, files, changes, control, security }: Tellers,
): (() => void)[] {
  const ofPolicies = security === undefined ? [] : [logFenceEvents(security.events, logger)]
  const ofControl =
    control === undefined
      ? []
      : [
          logFailoverEvents(control.events.failover, logger),
          logFenceEvents(control.events.security, logger),
          logAuthorityEvents(control.events.authority, logger),
        ]
  return [
    logReplicationEvents(events, logger),
    logRegionEvents(watch.events, logger),
    logNotifications(delivery.feed, logger),
    logApiEvents(calls, logger),
    logCredentialEvents(files.events, logger),
    logConfigEvents(changes, logger),
    ...ofPolicies,
    ...ofControl,
  ]
}
