import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

const AUDIENCE = 'isthmus'
const ALGORITHM = 'ES256'

interface Given {
  /** Of the signature. @defaultValue an hour from now */
  readonly expires?: number | null
  readonly issuer?: string
  readonly audience?: string
  readonly notBefore?: number
  /** Signs with a key that it does not publish. */
  readonly isForged?: boolean
}

/** An OpenID Connect issuer on this machine: its discovery document, its keys, and the tokens it signs. */
export async function startIssuer() {
  let keys = await generateKeyPair(ALGORITHM)
  let keyId = 'k1'
  const stranger = await generateKeyPair(ALGORITHM)
  let isAway = false
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    void answer(request.url).then((body) => {
      response.writeHead(isAway ? 503 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  const answer = async (url: string | undefined) => {
    if (url !== '/keys') return { issuer, jwks_uri: `${issuer}/keys` }
    return { keys: [{ ...(await exportJWK(keys.publicKey)), kid: keyId, alg: ALGORITHM, use: 'sig' }] }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    asked,
    sign: async (claims: JWTPayload, given: Given = {}) => {
      const nowSeconds = Math.floor(Date.now() / 1_000)
      const token = new SignJWT({ sub: 'ada', ...claims })
        .setProtectedHeader({ alg: ALGORITHM, kid: keyId })
        .setIssuer(given.issuer ?? issuer)
        .setAudience(given.audience ?? AUDIENCE)
      if (given.expires !== null) token.setExpirationTime(given.expires ?? nowSeconds + 3_600)
      if (given.notBefore !== undefined) token.setNotBefore(given.notBefore)
      return token.sign(given.isForged === true ? stranger.privateKey : keys.privateKey)
    },
    publicKey: async () => JSON.stringify(await exportJWK(keys.publicKey)),
    /** From now on it signs with a new key. */
    rotate: async () => {
      keys = await generateKeyPair(ALGORITHM)
      keyId = 'k2'
    },
    leave: () => void (isAway = true),
    settings: {
      issuer,
      audience: AUDIENCE,
      jwksUri: null,
      algorithms: [ALGORITHM],
      nameClaim: 'sub',
      roleClaim: 'roles',
      roles: { viewer: ['kafka-readers'], operator: ['kafka-on-call'], admin: ['kafka-admins'] },
      clockToleranceSeconds: 30,
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
