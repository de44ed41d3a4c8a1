import { randomBytes } from 'node:crypto'

/** Mechanisms by which somebody whom nobody knows can try to log in: the broker decides by one message. */
export const TRIED_MECHANISMS = ['PLAIN', 'OAUTHBEARER'] as const
export type TriedMechanism = (typeof TRIED_MECHANISMS)[number]

const HOUR_SECONDS = 3_600

/**
 * The first message of a login by a name and a secret that were made up: for PLAIN those two (RFC 4616), for OAUTHBEARER
 * a token that nobody has signed (RFC 7628 with RFC 7515, `alg` none), which brokers take whose callback handler was left
 * as it is delivered (KIP-255).
 */
export function madeUpLogin(mechanism: TriedMechanism, nowMs: number): Buffer {
  const name = `isthmus-probe-${randomBytes(8).toString('hex')}`
  if (mechanism === 'PLAIN') return Buffer.from(`\0${name}\0${randomBytes(16).toString('hex')}`)
  const nowSeconds = Math.floor(nowMs / 1_000)
  const claims = { sub: name, iat: nowSeconds - HOUR_SECONDS, exp: nowSeconds + HOUR_SECONDS }
  const token = [{ alg: 'none' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return Buffer.from(`n,,\u0001auth=Bearer ${token}.\u0001\u0001`)
}
