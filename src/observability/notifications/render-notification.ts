import { createHmac } from 'node:crypto'
import { type FeedEvent, isAtLeast, isKind } from '../feed/feed-event.ts'
import type { NotificationTargetOptions } from './options.ts'

const BASE64_PREFIX = 'whsec_'

type Wanting = Pick<NotificationTargetOptions, 'name' | 'minimumSeverity' | 'kinds' | 'groups'>

export const TEST_KIND = 'notification:test'

/** Pure: whether a receiver wants an event. What is told of itself would only make its trouble longer. */
export function isWanted(event: FeedEvent, { name, minimumSeverity, kinds, groups }: Wanting): boolean {
  const { kind, group, severity, facts } = event
  // A test is sent to whom it is for, and to nobody else.
  if (kind === TEST_KIND || (isKind(kind, 'notification') && facts['name'] === name)) return false
  if (!isAtLeast(severity, minimumSeverity)) return false
  if (group !== null && groups !== undefined && !groups.includes(group)) return false
  return kinds === undefined || kinds.some((wanted) => isKind(kind, wanted))
}

/** Pure: the request that carries an event. Its signature is that of Standard Webhooks (`id.timestamp.body`). */
export function renderNotification(
  event: FeedEvent,
  { template, token, secret }: Pick<NotificationTargetOptions, 'template' | 'token' | 'secret'>,
  nowMs: number,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const body = JSON.stringify(template === 'slack' ? { text: wordForChat(event) } : event)
  const timestamp = String(Math.floor(nowMs / 1_000))
  const signed = `${event.uid}.${timestamp}.${body}`
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'isthmus',
      'webhook-id': event.uid,
      'webhook-timestamp': timestamp,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(secret !== undefined && { 'webhook-signature': `v1,${sign(signed, secret)}` }),
    },
  }
}

function sign(text: string, secret: string): string {
  const key = secret.startsWith(BASE64_PREFIX) ? Buffer.from(secret.slice(BASE64_PREFIX.length), 'base64') : secret
  return createHmac('sha256', key).update(text).digest('base64')
}

function wordForChat({ severity, sentence, kind, at, group, region, link, operation }: FeedEvent): string {
  const about = Object.entries({ group, region, link, operation }).flatMap(([what, name]) => {
    return name === null ? [] : [`${what} ${name}`]
  })
  return `*${severity}* ${escapeChat(sentence)}\n_${escapeChat([kind, ...about, at].join(', '))}_`
}

/** What Slack would read as a link, a mention or markup of its own. */
function escapeChat(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
