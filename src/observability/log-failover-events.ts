import type { Logger } from 'pino'
import { describeError, type Events } from '../core/index.ts'
import type { FailoverEvents } from '../failover/index.ts'
import { error, info, logEvents, warn, type Wording } from './log-line.ts'

const SAID: Readonly<Record<FailoverEvents['automatic:decided']['kind'], string>> = {
  stay: 'it stays where it is',
  'would-move': 'automatic mode would leave its region',
  page: 'a person has to decide',
  fence: 'its region is being fenced, to be left',
  move: 'its region is left',
  undo: 'its region is opened again',
  fail: 'the automatic failover did not come about',
  forget: 'automatic mode starts anew',
}

export const FAILOVER_WORDING: Wording<FailoverEvents> = {
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
    const todo = command === null ? '' : `. To do it: ${command}`
    const sentence = `group ${group}: ${SAID[kind]}: ${reason}${todo}`
    return kind === 'stay' || kind === 'forget' ? info(sentence) : error(sentence)
  },
  'drill:phase': ({ group, drill, level, phase, reason }) =>
    info(`${level} drill ${drill} of group ${group} is at ${phase}: ${reason}`),
  'drill:ended': ({ group, drill, level, outcome, reason }) => {
    const sentence = `${level} drill ${drill} of group ${group} has ended, ${outcome}: ${reason}`
    return outcome === 'passed' ? info(sentence) : outcome === 'failed' ? error(sentence) : warn(sentence)
  },
  'failover:error': (event) =>
    error(`failover group ${event.group}, ${event.what}: ${describeError(event.error)}; it is tried again`),
}

/** Logs every event of failover groups. Returns what ends it. */
export function logFailoverEvents(events: Events<FailoverEvents>, logger: Logger): () => void {
  return logEvents(events, FAILOVER_WORDING, logger)
}
