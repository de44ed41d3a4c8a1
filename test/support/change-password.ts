import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka'
import type { LocalRegion } from '../../src/local/index.ts'

const SCRAM_SHA_512 = 2
const ITERATIONS = 4_096

/** As `kafka-configs.sh` does; the brokers know it once this has resolved, and the one before no more. */
export async function changePassword(
  { security }: LocalRegion,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  if (security === undefined) throw new Error('the region is not secured')
  const [host = '', port] = security.mtlsBootstrap[0]?.split(':') ?? []
  const connection = new Connection('change-password', { tls: security.tls })
  await connection.connect(host, Number(port))
  try {
    const salt = randomBytes(16)
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512')
    const change = { name: username, mechanism: SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword }
    const { results } = await alterUserScramCredentialsV0.api.async(connection, [], [change])
    const refused = results.find(({ errorCode }) => errorCode !== 0)
    if (refused !== undefined) throw new Error(`the password was not changed: ${refused.errorMessage}`)
  } finally {
    await connection.close()
  }
}
