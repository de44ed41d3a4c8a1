import type { Logger } from 'pino'
import { describeError, type Events } from '../core/index.ts'
import type { FailoverEvents } from '../failover/index.ts'
import { error, info, logEvents, warn, type Wording } from './log-line.ts'

const WORDING: Wording<FailoverEvents> = {
  'lead:gained': ({ token }) => info(`this process leads: it decides and acts, with token ${token}`),
  'lead:lost': ({ reason }) => warn(`this process does not lead any more: ${reason}`),
  'move:phase': ({ group, kind, operation, phase, reason }) => {
    const sentence = `${kind} ${operation} of group ${group} is at ${phase}: ${reason}`
    return phase === 'needs-operator' ? error(sentence) : info(sentence)
  },
  'move:committed': ({ group, active, epoch }) => info(`${active} is active in group ${group} since epoch ${epoch}`),
  'move:ended': ({ group, operation, phase, reason }) =>
    info(`operation ${operation} of group ${group} has ended, ${phase}: ${reason}`),
  'return:phase': ({ group, region, phase, reason }) => {
    const sentence = `the return of ${region} to group ${group} is at ${phase ?? 'its end'}: ${reason}`
    return phase === 'needs-operator' || phase === 'choosing' ? error(sentence) : info(sentence)
  },
  'automatic:decided': ({ group, kind, reason, command }) => {
    if (kind === 'stay') return info(`group ${group} would not be failed over any more: ${reason}`)
    return error(`group ${group} would be failed over: ${reason}${command === null ? '' : `. To do it: ${command}`}`)
  },
  'failover:error': (event) =>
    error(`failover group ${event.group}, ${event.what}: ${describeError(event.error)}; it is tried again`),
}

/** Logs every event of failover groups. Returns what ends it. */
export function logFailoverEvents(events: Events<FailoverEvents>, logger: Logger): () => void {
  return logEvents(events, WORDING, logger)
}
