import { AuthenticationError, NetworkError, TimeoutError } from '@platformatic/kafka'
import { describeError, Fault } from '../core/index.ts'
import { kafkaFaults } from './faults.ts'

/** Turns what a socket, TLS, SASL or the client library threw into a fault of this room. */
export interface ConnectionFacts {
  readonly cluster: string
  readonly address: string
  readonly timeoutMs: number
  readonly usesTls: boolean
  readonly usesSasl: boolean
}

interface TlsReason {
  readonly reason: string
  readonly remedy: string
  /** The other side only hung up, as a proxy in front of a dead broker does too: no proof that anything is there. */
  readonly hungUp?: boolean
}

const UNKNOWN_AUTHORITY: TlsReason = {
  reason: 'the certificate of the broker is not signed by an authority that is trusted here',
  remedy: 'Set tls.caFile of the region to the certificate of the authority that signed the broker certificates.',
}
const CLIENT_CERTIFICATE: TlsReason = {
  reason: 'the broker did not accept the client certificate, or wants one and got none',
  remedy: 'Set tls.certFile and tls.keyFile of the region to a certificate that the brokers trust.',
}
const NOT_TLS: TlsReason = {
  reason: 'the broker does not speak TLS on this port',
  remedy: 'Use the TLS listener in bootstrap, or remove tls from the region.',
}
const NEEDS_TLS: TlsReason = {
  reason: 'the broker speaks TLS on this port and the region is set to plaintext',
  remedy: 'Add tls to the region, or use the plaintext listener in bootstrap.',
}

const TLS_REASONS: Readonly<Record<string, TlsReason>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'the certificate of the broker is for another host',
    remedy: 'Use an address that the certificate names, or set tls.serverName of the region to a name it has.',
  },
  CERT_HAS_EXPIRED: {
    reason: 'the certificate of the broker has expired',
    remedy: 'Renew the certificate of the broker.',
  },
  CERT_NOT_YET_VALID: {
    reason: 'the certificate of the broker is not valid yet',
    remedy: 'Compare the clocks of this machine and of the broker.',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
}

/** OpenSSL names the version of the protocol in these, and not the same way in each release. */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE_REQUIRED|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE|UNKNOWN_CA)$/

/** What a TLS listener answers to plaintext: a record of type alert. */
export class TlsAlertError extends Error {
  constructor() {
    super('the broker answered with a TLS alert')
  }

  static isAlert(chunk: Buffer): boolean {
    return chunk[0] === 0x15 && chunk[1] === 0x03
  }
}

/** A connection that could not be made. */
export function dialFault(error: unknown, facts: ConnectionFacts): Fault {
  const known = commonFault(error, facts)
  return known ?? kafkaFaults.fault('KAFKA_UNREACHABLE', { ...facts, reason: describeError(rootOf(error)) }, error)
}

/** A request that got no answer. */
export function callFault(error: unknown, facts: ConnectionFacts, api: string): Fault {
  const known = commonFault(error, facts)
  if (known !== undefined) return known
  if (chainOf(error).some((link) => link instanceof TimeoutError)) {
    return kafkaFaults.fault('KAFKA_REQUEST_TIMED_OUT', { ...facts, api }, error)
  }
  const hint = facts.usesSasl ? '' : ' (a listener that wants SASL closes connections without it)'
  const reason = `${describeError(rootOf(error))}${hint}`
  return kafkaFaults.fault('KAFKA_CONNECTION_LOST', { ...facts, api, reason }, error)
}

function commonFault(error: unknown, facts: ConnectionFacts): Fault | undefined {
  if (error instanceof Fault) return error
  const tls = tlsReason(error, facts)
  if (tls !== undefined) return kafkaFaults.fault('KAFKA_TLS_FAILED', { ...facts, ...tls }, error)
  if (isRefusal(error)) {
    const reason = describeError(rootOf(error))
    return kafkaFaults.fault('KAFKA_AUTHENTICATION_FAILED', { ...facts, reason }, error)
  }
  return undefined
}

/** The broker said no. A connection lost in the middle of the exchange is wrapped in the same error, but proves nothing. */
function isRefusal(error: unknown): boolean {
  const chain = chainOf(error)
  const at = chain.findIndex((link) => link instanceof AuthenticationError)
  return at >= 0 && !chain.slice(at).some((link) => codeOf(link) === NetworkError.code)
}

function tlsReason(error: unknown, facts: ConnectionFacts): TlsReason | undefined {
  const chain = chainOf(error)
  if (chain.some((link) => link instanceof TlsAlertError)) return NEEDS_TLS
  if (!facts.usesTls) return undefined
  for (const code of codesOf(error)) {
    const known = TLS_REASONS[code]
    if (known !== undefined) return known
    if (CERTIFICATE_ALERT.test(code)) return CLIENT_CERTIFICATE
  }
  // A plaintext listener takes the first bytes of the handshake for a size it refuses, and hangs up.
  if (chain.some(({ message }) => message.includes('before secure TLS connection was established')))
    return { ...NOT_TLS, hungUp: true }
  const other = chain.find((link) => /^(ERR_SSL|ERR_TLS|CERT_|CRL_)/.test(codeOf(link) ?? ''))
  return other === undefined ? undefined : { reason: other.message, remedy: 'Check the TLS settings of both sides.' }
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  const pending: unknown[] = [error]
  while (pending.length > 0 && chain.length < 20) {
    const at = pending.shift()
    if (!(at instanceof Error)) continue
    chain.push(at)
    pending.push(at.cause)
    if (at instanceof AggregateError) pending.push(...(at.errors as unknown[]))
  }
  return chain
}

function codesOf(error: unknown): string[] {
  return chainOf(error).flatMap((link) => codeOf(link) ?? [])
}

function codeOf(link: Error): string | undefined {
  const { code } = link as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** The innermost error says most: the outer ones only wrap it. */
function rootOf(error: unknown): unknown {
  const chain = chainOf(error)
  return chain.findLast(({ message }) => message !== '') ?? error
}
