import { type Clock, describeError, withTimeLimit } from '../../core/index.ts'
import type { FeedEvent } from '../feed/feed-event.ts'
import type { NotificationTargetOptions } from './options.ts'
import { renderNotification } from './render-notification.ts'

/** What one attempt came to. */
export type PostOutcome =
  | { readonly kind: 'delivered' }
  /** `mayPass` is false where sending the same again would come to the same. */
  | { readonly kind: 'failed'; readonly reason: string; readonly mayPass: boolean }

export interface PostContext {
  readonly clock: Clock
  readonly fetch: typeof fetch
}

/** The receiver does not take this body. */
const REFUSING = new Set([400, 413, 415, 422])
const REASON_CHARACTERS_MAX = 200

/** One attempt to deliver one event. Follows no redirect: a token is for the address that the operator gave. */
export async function postNotification(
  event: FeedEvent,
  options: NotificationTargetOptions,
  { clock, fetch: send }: PostContext,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const { url, timeoutMs } = options
  const limit = { clock, limitMs: timeoutMs, signal, late: () => new Error(`no answer in ${timeoutMs / 1_000} s`) }
  try {
    const { headers, body } = renderNotification(event, options, clock.nowMs())
    const response = await withTimeLimit(limit, async (inTime) => {
      const answer = await send(url, { method: 'POST', headers, body, redirect: 'manual', signal: inTime })
      await answer.body?.cancel()
      return answer
    })
    if (response.ok) return { kind: 'delivered' }
    const { status } = response
    return { kind: 'failed', reason: `it answered with ${status}`, mayPass: !REFUSING.has(status) }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'failed', reason: redact(describeError(error), options), mayPass: true }
  }
}

/** What may be shown of an address: its path and query may be a secret. */
export function originOf(url: string): string {
  return new URL(url).origin
}

function redact(reason: string, { url, token, secret }: NotificationTargetOptions): string {
  const { pathname, search } = new URL(url)
  const secrets = [url, pathname + search, pathname, token, secret].filter((it) => it !== undefined && it.length > 1)
  const text = secrets.reduce<string>((at, one) => at.replaceAll(one ?? '', '[redacted]'), reason)
  return text.slice(0, REASON_CHARACTERS_MAX)
}
