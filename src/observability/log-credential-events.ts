import type { Logger } from 'pino'
import type { Events } from '../core/index.ts'
import type { CredentialEvents } from '../credentials/index.ts'
import { error, info, logEvents, type Wording } from './log-line.ts'

const WORDING: Wording<CredentialEvents> = {
  'credentials:taken': ({ name, files, version }) =>
    info(`${name}: version ${version} of ${files.join(', ')} counts now`),
  'credentials:refused': ({ name, files, reason, keeps }) => {
    const instead = keeps ? 'what was read before goes on' : 'nobody is let in by them'
    return error(`${name}: ${files.join(', ')} cannot be used as they are now, ${instead}: ${reason}`)
  },
}

/** Logs which credentials were exchanged, and which could not be. Returns what ends it. */
export function logCredentialEvents(events: Events<CredentialEvents>, logger: Logger): () => void {
  return logEvents(events, WORDING, logger)
}
