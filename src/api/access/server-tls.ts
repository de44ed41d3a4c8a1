import type { Server, ServerOptions } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { CredentialFiles } from '../../credentials/index.ts'
import type { ApiSettings } from './settings.ts'

export interface ServerTls {
  readonly options: ServerOptions
  /** From now on, new connections to this server get what the files hold then. */
  serve(server: Server): void
}

/**
 * The certificate of the API and, where clients may have their own, whose signatures count. Certificates of clients are
 * asked for, not demanded: a token does as well.
 */
export async function openTls(
  { tls, mtls }: Pick<ApiSettings, 'tls' | 'mtls'>,
  files: CredentialFiles,
): Promise<ServerTls | undefined> {
  if (tls === null) return undefined
  let server: Server | undefined
  let context: SecureContextOptions = {}
  await files.follow({
    name: 'api.tls',
    files: [tls.certFile, tls.keyFile, ...(mtls === null ? [] : [mtls.caFile])],
    take: ([cert, key, ca]) => {
      const next: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) }
      createSecureContext(next) // Throws where the key is not that of the certificate.
      context = next
      server?.setSecureContext(next)
      server?.closeIdleConnections()
    },
  })
  return {
    options: { ...context, ...(mtls !== null && { requestCert: true, rejectUnauthorized: false }) },
    serve: (to) => void (server = to),
  }
}
