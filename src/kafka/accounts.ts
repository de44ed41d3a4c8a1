import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { ClientQuota, NewScramCredential } from './access.ts'
import type { ClusterParts } from './cluster-parts.ts'
import { requestFault } from './request-fault.ts'
import { alterClientQuotasApi } from './wire/alter-client-quotas.ts'
import { alterUserScramCredentialsApi, type SaltedCredential } from './wire/alter-user-scram-credentials.ts'
import type { ScramMechanism } from './wire/scram-mechanisms.ts'

/**
 * Calls that make users and set quotas. Brokers are never told a password: what they are told is salted here (RFC 5802).
 * Both calls say how things are to be, so that the same one again does no harm; none is repeated here.
 */
const derive = promisify(pbkdf2)
const SALT_BYTES = 24
const HASHES = {
  'SCRAM-SHA-256': { digest: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { digest: 'sha512', bytes: 64 },
} as const satisfies Record<ScramMechanism, object>

/** A credential that is there already is replaced. The answer comes before every broker takes it. */
export async function putScramCredentials(
  parts: ClusterParts,
  credentials: readonly NewScramCredential[],
  signal: AbortSignal,
): Promise<void> {
  const salted = await Promise.all(credentials.map(saltCredential))
  const outcomes = await parts.calls.callAny(alterUserScramCredentialsApi, salted, signal)
  const failed = outcomes.find(({ errorCode }) => errorCode !== 0)
  if (failed === undefined) return
  const { user, errorCode, message } = failed
  throw requestFault(parts.name, 'AlterUserScramCredentials', errorCode, `${user}: ${message ?? ''}`)
}

/** Other values of the same entities stay as they are. */
export async function setQuotas(
  parts: ClusterParts,
  quotas: readonly ClientQuota[],
  signal: AbortSignal,
): Promise<void> {
  const outcomes = await parts.calls.callAny(alterClientQuotasApi, quotas, signal)
  const failed = outcomes.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) throw requestFault(parts.name, 'AlterClientQuotas', failed.errorCode, failed.message)
}

async function saltCredential({ password, ...credential }: NewScramCredential): Promise<SaltedCredential> {
  const { digest, bytes } = HASHES[credential.mechanism]
  const salt = randomBytes(SALT_BYTES)
  const saltedPassword = await derive(password, salt, credential.iterations, bytes, digest)
  return { ...credential, salt, saltedPassword }
}
