import type { Logger } from 'pino'
import { describeError, type Events } from '../core/index.ts'
import type { ConfigEvents } from './config-events.ts'
import { error, info, logEvents, warn, type Wording } from './log-line.ts'

export const CONFIG_WORDING: Wording<ConfigEvents> = {
  'config:applied': ({ file, keys }) => info(`${file} has changed, and counts: ${keys.join(', ')}`),
  'config:restart-needed': ({ file, keys }) =>
    keys.length === 0
      ? info(`${file} needs no restart any more`)
      : warn(`${file} has changed, and these keys count only after a restart: ${keys.join(', ')}`),
  'config:refused': ({ file, reason }) => error(`${file} is not used as it stands, nothing has changed: ${reason}`),
  'config:held': ({ file, keys, reason }) => info(`${file} has changed (${keys.join(', ')}); it waits: ${reason}`),
  'config:failed': ({ file, keys, error: cause }) =>
    error(`${file} has changed, and ${keys.join(', ')} could not be put into force yet: ${describeError(cause)}`),
}

/** Logs what becomes of the configuration file. Returns what ends it. */
export function logConfigEvents(events: Events<ConfigEvents>, logger: Logger): () => void {
  return logEvents(events, CONFIG_WORDING, logger)
}
