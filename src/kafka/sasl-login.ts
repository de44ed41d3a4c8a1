import { callbackify } from 'node:util'
import {
  AuthenticationError,
  type SASLOptions as LibrarySasl,
  saslOAuthBearer,
  saslPlain,
  saslScramSha,
} from '@platformatic/kafka'
import { describeError, unreachable } from '../core/index.ts'
import type { SaslOptions } from './cluster.ts'

/**
 * Logs in with what there is at that moment, the first time and whenever a session is about to end (KIP-368). How long
 * a session lasts is kept from the client library, which would log in again by itself: between the two requests of a
 * login a broker takes no others, and the library does not hold them back.
 */
export interface SaslLogin {
  readonly mechanism: SaslOptions['mechanism']
  readonly current: () => SaslOptions
  /** The broker ends the session after so long, milliseconds; 0 for never. */
  readonly onSession: (lifetimeMs: number) => void
}

const NAMES = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const

type Authenticate = NonNullable<LibrarySasl['authenticate']>
type Library = Parameters<Authenticate>
type Answer = Awaited<ReturnType<typeof saslPlain.authenticate>>
type Exchange = { readonly connection: Library[1]; readonly request: Library[2] }

export function librarySasl({ mechanism, current, onSession }: SaslLogin): LibrarySasl {
  return {
    mechanism: NAMES[mechanism],
    authenticate(_mechanism, connection, request, _username, _password, _token, callback) {
      const renewed = async () => {
        const answer = await logIn(current(), { connection, request })
        onSession(Number(answer.sessionLifetimeMs ?? 0))
        return { ...answer, sessionLifetimeMs: 0n }
      }
      // Whatever goes wrong, the library ends the connection for it.
      callbackify(renewed)(callback)
    },
  }
}

async function logIn(sasl: SaslOptions, { connection, request }: Exchange): Promise<Answer> {
  switch (sasl.mechanism) {
    case 'plain':
      return await saslPlain.authenticate(request, connection, sasl.username, sasl.password)
    case 'scram-sha-256':
    case 'scram-sha-512': {
      const algorithm = sasl.mechanism === 'scram-sha-256' ? 'SHA-256' : 'SHA-512'
      return await saslScramSha.authenticate(request, connection, algorithm, sasl.username, sasl.password)
    }
    case 'oauthbearer': {
      const response = await saslOAuthBearer.authenticate(request, connection, await tokenOf(sasl), {})
      // A broker that refuses a token says why in its challenge, and waits for a last word that changes nothing.
      if (response.authBytes.length > 0)
        throw new AuthenticationError(`the broker says ${response.authBytes.toString()}`)
      return response
    }
    default:
      return unreachable(sasl)
  }
}

/** Without a token nobody is let in, but the broker is there: what is wrong is not to be taken for a broker that is not. */
async function tokenOf({ token }: { readonly token: () => Promise<string> }): Promise<string> {
  try {
    return await token()
  } catch (cause) {
    throw new AuthenticationError(`there is no token to log in with: ${describeError(cause)}`, {
      cause: cause as Error,
    })
  }
}
