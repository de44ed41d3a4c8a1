import type { X509Certificate } from 'node:crypto'
import { type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

interface Client {
  /** RFC 2253, as brokers name principals: `CN=ada,O=Example`. */
  readonly subject: string
  readonly validToMs: number
}

const clients = new WeakMap<Socket, Client>()

/** Whose certificate came with the connection; undefined where there is none, or none that the authorities signed. */
export function clientOf(socket: Socket, nowMs: number): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  let client = clients.get(socket)
  if (client === undefined) {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return undefined
    client = { subject: subjectOf(certificate), validToMs: certificate.validToDate.getTime() }
    clients.set(socket, client)
  }
  // A connection may outlive the certificate that opened it.
  return nowMs < client.validToMs ? client.subject : undefined
}

/** Node gives a line for each part, in the order of the certificate, escaped as RFC 2253 asks. */
function subjectOf({ subject }: X509Certificate): string {
  return subject.trimEnd().split('\n').reverse().join(',')
}

/** The same subject, however it was spaced. */
export function normalizeSubject(text: string): string {
  return text
    .split(/(?<!\\),/)
    .map((part) => part.trim())
    .join(',')
}
