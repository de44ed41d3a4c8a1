import { type Clock, type Fault, unreachable } from '../../core/index.ts'
import { routingFaults } from '../faults.ts'
import type { ResolvedWebhook } from '../resolve.ts'
import type { ClientMove, EvictionProvider, ProviderStep, RoutingProvider } from '../provider.ts'
import { type HttpEnd, sendHttp } from './send.ts'

/**
 * A receiver of the operator that moves clients. One call is one request: what may succeed later is asked again by the
 * step, which looks at its right to each time. Requests for the same thing carry the same Idempotency-Key.
 */
type Action = 'switch' | 'check' | 'evict'

type Judged =
  | { readonly kind: 'done'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: Fault }

/** Beside every 5xx: timed out, in conflict with something under way, locked, too early, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 423, 425, 429])
const PROBE_MS = 3_000

export function webhookRouting(webhook: ResolvedWebhook, clock: Clock): RoutingProvider {
  const { url, checkUrl } = webhook
  const post = poster(webhook, clock)
  return {
    name: url,
    switchTo: async (move, signal) => stepOf(await post({ url, action: 'switch', move }, signal)),
    async check(move, signal) {
      if (checkUrl === undefined) return { verdict: 'unchecked', reason: 'checkUrl is not configured' }
      const judged = await post({ url: checkUrl, action: 'check', move }, signal)
      switch (judged.kind) {
        case 'done':
          return { verdict: 'switched', reason: `${checkUrl} says that clients find ${move.to}` }
        case 'again':
          return { verdict: 'unknown', reason: judged.reason }
        case 'refused':
          return { verdict: 'elsewhere', reason: judged.fault.message }
        default:
          return unreachable(judged)
      }
    },
    findTrouble: (signal) => findTrouble(webhook, clock, signal),
  }
}

export function webhookEviction(webhook: ResolvedWebhook, clock: Clock): EvictionProvider {
  const { url } = webhook
  const post = poster(webhook, clock)
  return {
    name: url,
    evict: async (move, signal) => stepOf(await post({ url, action: 'evict', move }, signal)),
    findTrouble: (signal) => findTrouble(webhook, clock, signal),
  }
}

interface Order {
  readonly url: string
  readonly action: Action
  readonly move: ClientMove
}

function poster(webhook: ResolvedWebhook, clock: Clock): (order: Order, signal: AbortSignal) => Promise<Judged> {
  return async ({ url, action, move }, signal) => {
    const { group, operation, from, to } = move
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': `${operation}-${action}`,
      ...authorization(webhook),
    }
    const body = JSON.stringify({ action, group, operation, from, to })
    const { authorities, timeoutMs } = webhook
    const call = { url, method: 'POST' as const, headers, body, ca: authorities?.value, timeoutMs }
    return judge(await sendHttp(call, clock, signal), {
      url,
      action,
      move,
      token: webhook.token?.reveal(),
    })
  }
}

function judge(end: HttpEnd, { url, action, move, token }: Order & { readonly token: string | undefined }): Judged {
  if (end.kind === 'none') return { kind: 'again', reason: `${url}: ${end.reason}` }
  const { status } = end
  if (status >= 200 && status < 300) return { kind: 'done', reason: `${url} answered ${status}` }
  const line = end.body.replace(/\s+/g, ' ').trim() || 'no text'
  const body = token === undefined ? line : line.replaceAll(token, '[redacted]')
  if (status >= 500 || PASSING.has(status)) return { kind: 'again', reason: `${url} answered ${status}: ${body}` }
  const facts = { url, action, group: move.group, answer: status, body }
  return { kind: 'refused', fault: routingFaults.fault('ROUTING_WEBHOOK_REFUSED', facts) }
}

function stepOf(judged: Judged): ProviderStep {
  switch (judged.kind) {
    case 'done':
      return judged
    case 'again':
      return { kind: 'unknown', reason: judged.reason }
    case 'refused':
      return { kind: 'failed', fault: judged.fault }
    default:
      return unreachable(judged)
  }
}

/** HEAD, which changes nothing: any answer will do, but one that refuses the token, or that the receiver is down. */
async function findTrouble(webhook: ResolvedWebhook, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  const { url, checkUrl, authorities } = webhook
  for (const asked of checkUrl === undefined ? [url] : [url, checkUrl]) {
    const call = {
      url: asked,
      method: 'HEAD' as const,
      headers: authorization(webhook),
      body: '',
      ca: authorities?.value,
      timeoutMs: PROBE_MS,
    }
    const end = await sendHttp(call, clock, signal)
    if (end.kind === 'none') return `${asked} does not answer: ${end.reason}`
    if (end.status === 401) return `${asked} answers 401: give it a token that it takes, in tokenFile`
    if (end.status === 502 || end.status === 503 || end.status === 504) return `${asked} answers ${end.status}`
  }
  return undefined
}

function authorization({ token }: ResolvedWebhook): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }
}
