import { randomBytes } from 'node:crypto'
import { alterClientQuotasV1, alterUserScramCredentialsV0, Connection } from '@platformatic/kafka'

/** Users and quotas of a region, as an administrator makes them. */
export interface AdminAccess {
  /** `host:port`. */
  readonly address: string
  /** Of a secured region; a plain one takes nobody's word. */
  readonly login?: { readonly ca: string; readonly username: string; readonly password: string } | undefined
}

const SCRAM_SHA_512 = 2
const ITERATIONS = 4_096

/** The password is made up: nobody is to log in with it. */
export async function putScramUser(access: AdminAccess, name: string): Promise<void> {
  const salt = randomBytes(16)
  const user = { name, mechanism: SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword: randomBytes(64) }
  await withConnection(access, (connection) => alterUserScramCredentialsV0.api.async(connection, [], [user]))
}

export async function putQuota(access: AdminAccess, user: string, bytesPerSecond: number): Promise<void> {
  const entities = [{ entityType: 'user' as const, entityName: user }]
  const ops = [{ key: 'producer_byte_rate' as const, value: bytesPerSecond, remove: false as const }]
  await withConnection(access, (connection) => alterClientQuotasV1.api.async(connection, [{ entities, ops }], false))
}

async function withConnection(
  { address, login }: AdminAccess,
  use: (connection: Connection) => Promise<unknown>,
): Promise<void> {
  const [host = '', port = ''] = address.split(':')
  const sasl = login && { mechanism: 'SCRAM-SHA-512' as const, username: login.username, password: login.password }
  const connection = new Connection('tests', { ...(login && { tls: { ca: login.ca }, sasl }) })
  try {
    await connection.connect(host, Number(port))
    await use(connection)
  } finally {
    await connection.close()
  }
}
