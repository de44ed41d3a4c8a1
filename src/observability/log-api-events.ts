import type { Logger } from 'pino'
import type { ApiCall, ApiEvents } from './api-events.ts'
import { describeError, type Events } from '../core/index.ts'
import { error, info, type Line, logEvents, warn, type Wording } from './log-line.ts'

const WORDING: Wording<ApiEvents> = {
  'api:opened': describeAccess,
  'api:called': (call) => info(`${call.caller} called ${describeCall(call)}`),
  'api:refused': ({ isRecorded, leftOut, ...call }) => {
    const others = leftOut > 0 ? `, as ${leftOut} others before it` : ''
    const sentence = `${call.caller} from ${call.from} was refused ${describeCall(call)}${others}`
    return isRecorded ? warn(sentence) : { level: 'debug', sentence }
  },
  'api:audit-failed': ({ error: cause, ...call }) =>
    error(`the journal does not have that ${call.caller} called ${describeCall(call)}: ${describeError(cause)}`),
  'api:issuer-unavailable': ({ issuer, reason }) => error(`the keys of ${issuer} cannot be had: ${reason}`),
}

/** Logs who changed what through the API, what was refused, and to whom it is open. Returns what ends it. */
export function logApiEvents(events: Events<ApiEvents>, logger: Logger): () => void {
  return logEvents(events, WORDING, logger)
}

function describeCall({ method, path, status, fault }: ApiCall): string {
  return `${method} ${path}: ${status}${fault === null ? '' : ` ${fault}`}`
}

function describeAccess({ address, isTls, isLocal, anonymous, hasLogins }: ApiEvents['api:opened']): Line {
  const whoever = isLocal ? 'whoever can run a program on this machine' : `whoever reaches ${address}`
  if (anonymous !== 'none') {
    const may = { viewer: 'see', operator: 'run', admin: 'do' }[anonymous]
    return warn(`the api is open: ${whoever} may ${may} everything, because api.anonymous is ${anonymous}`)
  }
  if (!hasLogins) return warn('nobody may use the api but for its health checks: api has neither auth nor anonymous')
  return isTls || isLocal
    ? info('the api lets in who has logged in')
    : warn('the api lets in who has logged in, and has no TLS of its own: something in front of it has to')
}
