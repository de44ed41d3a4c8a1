import { Type } from 'typebox'
import { ROLES } from './access/roles.ts'
import { DEFAULT_API } from './access/settings.ts'
import { HASH_PATTERN } from './access/token.ts'

const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })
const file = (description: string) =>
  Type.String({ minLength: 1, description: `${description} A relative path starts at the configuration file.` })
const role = Type.Enum([...ROLES], {
  description: '`viewer` sees everything, `operator` runs the place, `admin` may also destroy data and lift fences.',
})

const Token = strict(
  {
    name: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      description: 'Who it is for; the journal calls its bearer `token:NAME`.',
      rule: 'not a valid name',
      remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
    }),
    role,
    hash: Type.Optional(
      Type.String({
        pattern: HASH_PATTERN,
        description: 'What `isthmus token create` printed beside the token: its SHA-256, never the token.',
        secret: true,
        rule: 'not the hash of a token',
        remedy: 'make one with `isthmus token create`, and write what it prints as hash',
      }),
    ),
    hashFile: Type.Optional(
      file('File of hashes, one a line; several are valid at once. Without it, or emptied, the token is revoked.'),
    ),
    expires: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$',
        description: 'When it ends to be valid, in UTC. Default: never.',
        rule: 'not a date',
        remedy: 'write it like 2027-01-31 or 2027-01-31T06:00:00Z',
      }),
    ),
  },
  'A token. Exactly one of `hash` and `hashFile`.',
)

const httpsUrl = (description: string) =>
  Type.String({
    pattern: '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:/]).+$',
    description,
    rule: 'not an https URL',
    remedy: 'write it like https://login.example.com',
  })
const values = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1 }), { default: [], description }))

const Oidc = strict(
  {
    issuer: httpsUrl(
      'The issuer, exactly as its tokens name it (`iss`). For an authority of your own set NODE_EXTRA_CA_CERTS.',
    ),
    audience: Type.String({ minLength: 1, description: 'What its tokens have to be made for (`aud`).' }),
    jwksUri: Type.Optional(httpsUrl('Where its keys are. Default: where its discovery document says.')),
    algorithms: Type.Optional(
      Type.Array(
        Type.Enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
        { minItems: 1, default: ['RS256', 'ES256'], description: 'Signatures that count; all others are refused.' },
      ),
    ),
    nameClaim: Type.Optional(
      Type.String({
        minLength: 1,
        default: 'sub',
        description:
          'Claim with the name of the caller, whom the journal calls `oidc:NAME`. People must not choose it.',
      }),
    ),
    roleClaim: Type.Optional(
      Type.String({
        minLength: 1,
        default: 'roles',
        description:
          'Claim that the role is told by: a list, or words. A path such as `realm_access.roles` is one too.',
      }),
    ),
    roles: strict(
      {
        viewer: values('Values of the claim that make a viewer.'),
        operator: values('Values that make an operator.'),
        admin: values('Values that make an admin.'),
      },
      'Which values of the claim give which role. The highest counts; who has none is refused.',
    ),
    clockToleranceSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 300, default: 30, description: 'How far the clocks may be apart.' }),
    ),
  },
  'JSON web tokens of an OpenID Connect issuer, checked by its own keys.',
)

const Mtls = strict(
  {
    caFile: file('PEM file of the authorities that sign clients.'),
    clients: Type.Array(
      strict(
        {
          subject: Type.String({
            minLength: 4,
            maxLength: 180,
            description:
              'Its subject as RFC 2253 writes it, `CN=ada,O=Example`; `openssl x509 -noout -subject -nameopt RFC2253` shows it.',
          }),
          role,
        },
        'A client.',
      ),
      { minItems: 1, description: 'Who has which role. The journal calls them `certificate:SUBJECT`.' },
    ),
  },
  'Client certificates. They are asked for, not demanded, so that tokens work too. Needs `api.tls`.',
)

const perSecond = (fallback: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: fallback, description }))

/** Where the API listens, and who may use it. */
export const ApiOptions = strict(
  {
    listen: Type.Optional(
      Type.String({
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5}$',
        default: DEFAULT_API.listen,
        description: 'Address and port that the API and the metrics are served on. Port 0 takes a free one.',
        rule: 'not a host:port',
        remedy: 'write it like 127.0.0.1:8080 or [::1]:8080',
      }),
    ),
    tls: Type.Optional(
      strict(
        {
          certFile: file('PEM file of the certificate, and of those between it and the authority.'),
          keyFile: file('PEM file of its private key.'),
        },
        'Serves it with TLS. Changed files count within seconds, for new connections.',
      ),
    ),
    auth: Type.Optional(
      strict(
        {
          tokens: Type.Optional(
            Type.Array(Token, { description: 'Bearer tokens. Changed files count within seconds.' }),
          ),
          oidc: Type.Optional(Oidc),
          mtls: Type.Optional(Mtls),
        },
        'Who may log in, and how. Any of these ways will do.',
      ),
    ),
    anonymous: Type.Optional(
      Type.Enum(['none', ...ROLES], {
        default: DEFAULT_API.anonymous,
        description:
          'What callers without credentials may do. `operator` and `admin` are for loopback addresses only, where they ' +
          'open the API to whoever can run a program on the machine. `/healthz` and `/readyz` need no credentials.',
      }),
    ),
    limits: Type.Optional(
      strict(
        {
          readsPerSecond: perSecond(DEFAULT_API.limits.readsPerSecond, 'Requests that change nothing.'),
          changesPerSecond: perSecond(DEFAULT_API.limits.changesPerSecond, 'Requests that change something.'),
        },
        'What a caller may ask a second, or an address that has not logged in; more is answered with 429.',
      ),
    ),
  },
  'The HTTP API. Without `auth` and `anonymous` nobody may use it, but for the health checks.',
)
export type ApiOptions = Type.Static<typeof ApiOptions>

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Undefined where the text is not a `host:port` with a port up to 65535. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
