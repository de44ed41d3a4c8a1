import { systemClock } from '../core/index.ts'
import { type Material, Secret, TokenSource } from '../credentials/index.ts'
import type { SaslOptions } from '../kafka/index.ts'
import { type LoadContext, loadPassword, loadSecretFile, loadTls, revealTls } from './credentials.ts'
import type { Path } from './problems.ts'
import type { ConfigFile } from './schema.ts'

type SaslFile = NonNullable<ConfigFile['regions'][number]['sasl']>

/** How Isthmus, or its canary, logs in to the brokers of a region, as the files stand whenever it does. */
export interface SaslConfig {
  readonly mechanism: SaslFile['mechanism']
  /** As far as it is known: a token may name somebody else. */
  readonly username: string | undefined
  /** Files that may be exchanged; undefined where there are none. */
  readonly material: Material<string> | undefined
  /** Reveals the secret, so the result must go nowhere but to a broker. */
  current(): SaslOptions
  /** The same with what stood in the file before; undefined where that is not to be tried. */
  former(): SaslOptions | undefined
  /** Looks for something newer after a refusal; true where there is. */
  renew(): Promise<boolean>
}

/** `named` is the path as operators are told of it when the files change. */
export function loadSasl(sasl: SaslFile, path: Path, named: Path, context: LoadContext): SaslConfig {
  const { mechanism, username } = sasl
  if (mechanism === 'oauthbearer') return { mechanism, username, ...loadToken(sasl, path, named, context) }
  const password = loadPassword(sasl, path, named, context)
  // Rules see to it that there is a name.
  const login = (secret: string) => ({ mechanism, username: username ?? '', password: secret })
  const { material } = password
  return {
    mechanism,
    username,
    material,
    current: () => login(password.reveal()),
    former: () => (material?.former === undefined ? undefined : login(material.former)),
    renew: async () => (await material?.renew()) === true,
  }
}

type TokenParts = Omit<SaslConfig, 'mechanism' | 'username'>

function loadToken({ tokenFile, tokenEndpoint }: SaslFile, path: Path, named: Path, context: LoadContext): TokenParts {
  if (tokenEndpoint !== undefined) return loadEndpoint(tokenEndpoint, path, named, context)
  const secret = loadSecretFile(tokenFile, [...path, 'tokenFile'], 'the token', context, named) ?? new Secret('')
  const { material } = secret
  return {
    material,
    current: () => ({ mechanism: 'oauthbearer', token: () => Promise.resolve(secret.reveal().trim()) }),
    // A token that was exchanged has ended, or soon will.
    former: () => undefined,
    renew: async () => (await material?.renew()) === true,
  }
}

function loadEndpoint(
  { url, clientId, clientSecretFile, scope, caFile }: NonNullable<SaslFile['tokenEndpoint']>,
  path: Path,
  named: Path,
  context: LoadContext,
): TokenParts {
  const at: Path = [...path, 'tokenEndpoint']
  const secret = loadSecretFile(clientSecretFile, [...at, 'clientSecretFile'], 'the secret', context, named)
  const tls = loadTls({ ...(caFile !== undefined && { caFile }) }, at, [...named, 'tokenEndpoint'], context)
  const clientSecret = () => secret?.reveal() ?? ''
  const source = new TokenSource({ url, clientId, clientSecret, scope, ca: () => revealTls(tls).ca }, systemClock)
  return {
    material: undefined,
    current: () => ({ mechanism: 'oauthbearer', token: () => source.token() }),
    former: () => undefined,
    renew: async () => {
      const looked = await Promise.all([secret?.material, tls.material].map(async (one) => await one?.renew()))
      return source.forget() || looked.includes(true)
    },
  }
}
