import type { Logger } from 'pino'
import type { AuthorityEvents } from '../authority/index.ts'
import type { Events } from '../core/index.ts'
import { error, info, logEvents, warn, type Wording } from './log-line.ts'

export const AUTHORITY_WORDING: Wording<AuthorityEvents> = {
  'authority:unreachable': ({ reason }) => error(reason),
  'authority:answers': ({ where, afterMs }) =>
    info(`the authority (${where}) answers again, after ${Math.round(afterMs / 1_000)} s`),
  'copies:behind': ({ region, documents, reason }) =>
    warn(`the copy of the state in ${region} is behind by ${documents} documents: ${reason}`),
  'copies:caught-up': ({ region, afterMs }) =>
    info(`the copy of the state in ${region} is up to date again, after ${Math.round(afterMs / 1_000)} s`),
  'copies:refused': ({ reason }) => error(reason),
}

/** Logs every event of the authority and of the copies of its state. Returns what ends it. */
export function logAuthorityEvents(events: Events<AuthorityEvents>, logger: Logger): () => void {
  return logEvents(events, AUTHORITY_WORDING, logger)
}
