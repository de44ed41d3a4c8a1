import type { Logger } from 'pino'
import type { EventFeed } from './feed/event-feed.ts'
import { isKind } from './feed/feed-event.ts'

const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const

/** Logs what becomes of notifications; everything else that is told has been logged by its room. Returns what ends it. */
export function logNotifications(feed: Pick<EventFeed, 'onEvent'>, logger: Logger): () => void {
  return feed.onEvent(({ kind, severity, sentence, facts }) => {
    if (isKind(kind, 'notification')) logger[LEVELS[severity]]({ event: kind, ...facts }, sentence)
  })
}
