import type { RegionSecurity } from './region-options.ts'
import type { LocalUser } from './server-properties.ts'

/** What the brokers of a secured region are given. */
export interface SecurityMaterial {
  readonly authorityPem: string
  /** Private key, certificate and the authority's certificate. One for all brokers of the region. */
  readonly brokerPem: string
  readonly users: readonly LocalUser[]
  readonly superUsers: readonly string[]
  /** What clients are given, but for the addresses. */
  readonly face: Omit<RegionSecurity, 'mtlsBootstrap'>
}

/** These regions live on the loopback address for minutes; fixed passwords make their tests readable. */
const ADMIN: LocalUser = { username: 'admin', password: 'admin-secret' }
const USERS: readonly LocalUser[] = [
  { username: 'app', password: 'app-secret' },
  { username: 'isthmus', password: 'isthmus-secret' },
  { username: 'canary', password: 'canary-secret' },
]
const BROKER_NAME = 'isthmus-broker'
const CLIENT_NAME = 'isthmus-admin'

export interface SecurityPlan {
  readonly region: string
  readonly brokerCount: number
  /** Users beside the administrator. */
  readonly superUsers: readonly string[]
  /** Ordinary users. @defaultValue all of `USERS` */
  readonly users?: readonly string[] | undefined
  readonly now: Date
}

export async function createSecurity({
  region,
  brokerCount,
  superUsers,
  users: names,
  now,
}: SecurityPlan): Promise<SecurityMaterial> {
  // Loaded here because plain regions, the usual kind, need none of it.
  const { createAuthority } = await import('./certificates.ts')
  const users = USERS.filter(({ username }) => names?.includes(username) ?? true)
  const authority = await createAuthority({ commonName: `${region} authority`, now })
  const [broker, client] = await Promise.all([
    authority.issueCertificate({
      commonName: BROKER_NAME,
      dnsNames: ['localhost', ...Array.from({ length: brokerCount }, (_, index) => `broker-${index + 1}`)],
      ips: ['127.0.0.1', '::1'],
    }),
    authority.issueCertificate({ commonName: CLIENT_NAME }),
  ])
  return {
    authorityPem: authority.certificate,
    brokerPem: broker.privateKey + broker.certificate + authority.certificate,
    users: [ADMIN, ...users],
    superUsers: [ADMIN.username, `CN=${BROKER_NAME}`, `CN=${CLIENT_NAME}`, ...superUsers].map((name) => `User:${name}`),
    face: {
      tls: { ca: authority.certificate, cert: client.certificate, key: client.privateKey },
      authority,
      admin: ADMIN,
      users,
    },
  }
}
