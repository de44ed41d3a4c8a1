import type { AuthorityEvents } from '../../authority/index.ts'
import type { EventMap, Events } from '../../core/index.ts'
import type { FailoverEvents } from '../../failover/index.ts'
import type { RegionEvents } from '../../regions/index.ts'
import type { ReplicationEvents } from '../../replication/index.ts'
import type { SecurityEvents } from '../../security/index.ts'
import type { ConfigEvents } from '../config-events.ts'
import { AUTHORITY_WORDING } from '../log-authority-events.ts'
import { CONFIG_WORDING } from '../log-config-events.ts'
import { REPLICATION_WORDING } from '../log-events.ts'
import { FAILOVER_WORDING } from '../log-failover-events.ts'
import { SECURITY_WORDING } from '../log-fences.ts'
import type { Wording } from '../log-line.ts'
import { REGION_WORDING } from '../log-region-events.ts'
import type { EventFeed } from './event-feed.ts'
import type { News, Severity } from './feed-event.ts'

export interface RelayedEvents {
  readonly replication: Events<ReplicationEvents>
  readonly regions: Events<RegionEvents>
  readonly config: Events<ConfigEvents>
  /** Undefined in a process without failover groups. */
  readonly control:
    | {
        readonly failover: Events<FailoverEvents>
        readonly security: Events<SecurityEvents>
        readonly authority: Events<AuthorityEvents>
      }
    | undefined
  /** Of policies; undefined in a process that decides nothing. */
  readonly security?: Events<SecurityEvents> | undefined
  /** The failover group that implies a link; undefined for a declared one. */
  readonly groupOf: (link: string) => string | undefined
}

const SEVERITY_OF: Readonly<Record<'info' | 'warn' | 'error', Severity>> = {
  info: 'info',
  warn: 'warning',
  error: 'error',
}

/** One a flow where a region is gone, and it goes on by itself: that the region is gone is told as well. */
const PASSING: ReadonlySet<string> = new Set<keyof ReplicationEvents>(['flow:recovering'])

/** Moves and returns are told from the journal, in every process; see word-entry.ts. */
const TOLD_BY_JOURNAL: ReadonlySet<keyof FailoverEvents> = new Set([
  'move:phase',
  'move:committed',
  'move:ended',
  'return:phase',
])

/** Tells the feed what the rooms of this process tell, in the words of its log. Returns what ends it. */
export function relayEvents(
  feed: EventFeed,
  { replication, regions, config, control, security, groupOf }: RelayedEvents,
): () => void {
  const stops = [
    relay(replication, REPLICATION_WORDING, feed, groupOf),
    relay(regions, REGION_WORDING, feed, groupOf),
    ...(security === undefined ? [] : [relay(security, SECURITY_WORDING, feed, groupOf)]),
    relay(config, CONFIG_WORDING, feed, groupOf),
    ...(control === undefined
      ? []
      : [
          relay(control.failover, FAILOVER_WORDING, feed, groupOf, TOLD_BY_JOURNAL),
          relay(control.security, SECURITY_WORDING, feed, groupOf),
          relay(control.authority, AUTHORITY_WORDING, feed, groupOf),
        ]),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function relay<Map extends EventMap>(
  events: Events<Map>,
  wording: Wording<Map>,
  feed: EventFeed,
  groupOf: RelayedEvents['groupOf'],
  without: ReadonlySet<keyof Map> = new Set(),
): () => void {
  return events.onAny((name, event) => {
    if (without.has(name)) return
    const { level, sentence } = wording[name](event)
    if (level === 'debug') return
    feed.tell({
      kind: String(name),
      severity: PASSING.has(String(name)) ? 'info' : SEVERITY_OF[level],
      sentence,
      ...placeOf(event, groupOf),
      facts: { ...(event as object) },
    })
  })
}

/** The words that every room has for the same things. A group of `*` is all of them. */
function placeOf(
  event: object,
  groupOf: RelayedEvents['groupOf'],
): Pick<News, 'group' | 'region' | 'link' | 'operation'> {
  const text = (name: string) => {
    const value: unknown = (event as Record<string, unknown>)[name]
    return typeof value === 'string' && value !== '*' ? value : null
  }
  const link = text('link')
  // The `group` of an event of a link is a consumer group.
  const group = link === null ? text('group') : (groupOf(link) ?? null)
  return {
    group,
    link,
    region: text('region') ?? (link === null ? text('target') : null),
    operation: text('operation'),
  }
}
