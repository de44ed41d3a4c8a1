import { webcrypto } from 'node:crypto'
import {
  type Authority,
  createAuthority,
  type ExtraListener,
  type LocalRegion,
  startRegion,
} from '../../../src/local/index.ts'

/**
 * The regions of the trial `security-matrix`: a good one, one whose listeners are each broken in one way, one whose
 * settings are, and three brokers without an authorizer of which one differs.
 */
export interface MatrixRegions extends AsyncDisposable {
  readonly good: LocalRegion
  readonly listeners: LocalRegion
  readonly settings: LocalRegion
  readonly bare: LocalRegion
  /** PEM of the authority behind the listeners of `listeners`. */
  readonly authority: string
}

/** What is wrong, and where it has to be found. */
export interface MatrixCase {
  readonly name: string
  readonly region: 'listeners' | 'settings' | 'bare'
  readonly finding: string
  /** Of `listeners`. */
  readonly listener?: string
}

export const CASES: readonly MatrixCase[] = [
  { name: 'certificate expired', region: 'listeners', finding: 'certificate-expired', listener: 'EXPIRED' },
  {
    name: 'certificate of another host',
    region: 'listeners',
    finding: 'certificate-wrong-host',
    listener: 'ELSEWHERE',
  },
  { name: 'unknown authority', region: 'listeners', finding: 'certificate-untrusted', listener: 'UNKNOWN' },
  { name: 'TLS 1.1 only', region: 'listeners', finding: 'tls-old', listener: 'OLD' },
  { name: 'plaintext open', region: 'listeners', finding: 'plaintext-listener', listener: 'PLAIN' },
  { name: 'PLAIN over plaintext', region: 'listeners', finding: 'plain-without-tls', listener: 'WORDS' },
  { name: 'anonymous allowed', region: 'listeners', finding: 'anonymous-allowed', listener: 'NOBODY' },
  { name: 'self-signed', region: 'listeners', finding: 'certificate-self-signed', listener: 'ALONE' },
  { name: 'certificate that ends soon', region: 'listeners', finding: 'certificate-ends', listener: 'SOON' },
  {
    name: 'client certificates offered but not demanded',
    region: 'listeners',
    finding: 'client-certificate-optional',
    listener: 'ASKING',
  },
  { name: 'PLAIN beside SCRAM', region: 'listeners', finding: 'mechanism-unexpected', listener: 'BOTH' },
  { name: 'tokens that nobody has signed', region: 'listeners', finding: 'login-unchecked', listener: 'UNSIGNED' },
  { name: 'no authorizer', region: 'bare', finding: 'no-authorizer' },
  { name: 'one of three brokers differs', region: 'bare', finding: 'brokers-differ' },
  { name: 'allow.everyone.if.no.acl.found', region: 'settings', finding: 'open-by-default' },
  { name: 'an unexpected super user', region: 'settings', finding: 'super-user-unexpected' },
  { name: 're-authentication off', region: 'settings', finding: 'reauthentication-off' },
  { name: 'plaintext between brokers', region: 'settings', finding: 'plaintext-between-brokers' },
]

const DAY_MS = 86_400_000
const GOOD = { 'sasl.enabled.mechanisms': 'SCRAM-SHA-512', 'connections.max.reauth.ms': '3600000' }
const SCRAM = {
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
  'scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
}
const PLAIN_LOGIN =
  'org.apache.kafka.common.security.plain.PlainLoginModule required user_admin="admin-secret" user_app="app-secret";'

export async function startMatrixRegions(nowMs: number, signal: AbortSignal): Promise<MatrixRegions> {
  const started: LocalRegion[] = []
  const start = async (options: Parameters<typeof startRegion>[0]) => {
    const region = await startRegion({ secured: true, brokers: 1, signal, ...options })
    started.push(region)
    return region
  }
  const stop = async () => void (await Promise.all(started.map((region) => region.stop())))
  const own = await createAuthority({ commonName: 'matrix authority', now: new Date(nowMs) })
  const starting = [
    start({ name: 'good', brokerConfig: GOOD }),
    start({ name: 'listeners', brokerConfig: GOOD, listeners: await brokenListeners(nowMs, own), oldTls: true }),
    start({
      name: 'settings',
      superUsers: ['app'],
      brokerConfig: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'allow.everyone.if.no.acl.found': 'true',
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,MTLS:SSL,INTERNAL:PLAINTEXT,CONTROLLER:SSL',
      },
    }),
    start({
      name: 'bare',
      brokers: 3,
      brokerConfig: { ...GOOD, 'authorizer.class.name': '' },
      brokerConfigs: [{}, {}, { 'connections.max.reauth.ms': '1800000' }],
    }),
  ] as const
  try {
    const [good, listeners, settings, bare] = await Promise.all(starting)
    return { good, listeners, settings, bare, authority: own.certificate, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await Promise.allSettled(starting)
    await stop()
    throw error
  }
}

async function brokenListeners(nowMs: number, own: Authority): Promise<ExtraListener[]> {
  const other = await createAuthority({ commonName: 'an authority that nobody knows', now: new Date(nowMs) })
  const here = { commonName: 'matrix-broker', ips: ['127.0.0.1'] }
  const after = (days: number) => new Date(nowMs + days * DAY_MS)
  const keystore = ({ certificate, privateKey }: { certificate: string; privateKey: string }) =>
    `${privateKey.trimEnd()}\n${certificate.trimEnd()}\n`
  const good = keystore(await own.issueCertificate(here))
  const expired = keystore(await own.issueCertificate({ ...here, notBefore: after(-9), notAfter: after(-2) }))
  const soon = keystore(await own.issueCertificate({ ...here, notAfter: after(5) }))
  const elsewhere = keystore(
    await own.issueCertificate({ commonName: 'elsewhere.example', dnsNames: ['elsewhere.example'] }),
  )
  const secure = { protocol: 'SASL_SSL' } as const
  return [
    { name: 'EXPIRED', ...secure, keystore: expired, config: SCRAM },
    { name: 'ELSEWHERE', ...secure, keystore: elsewhere, config: SCRAM },
    { name: 'UNKNOWN', ...secure, keystore: keystore(await other.issueCertificate(here)), config: SCRAM },
    {
      name: 'OLD',
      ...secure,
      keystore: good,
      config: { ...SCRAM, 'ssl.protocol': 'TLSv1.1', 'ssl.enabled.protocols': 'TLSv1.1' },
    },
    { name: 'PLAIN', protocol: 'PLAINTEXT' },
    {
      name: 'WORDS',
      protocol: 'SASL_PLAINTEXT',
      config: { 'sasl.enabled.mechanisms': 'PLAIN', 'plain.sasl.jaas.config': PLAIN_LOGIN },
    },
    { name: 'NOBODY', protocol: 'SSL', keystore: good, config: { 'ssl.client.auth': 'none' } },
    { name: 'ALONE', ...secure, keystore: keystore(await signItself(nowMs)), config: SCRAM },
    { name: 'SOON', ...secure, keystore: soon, config: SCRAM },
    { name: 'ASKING', protocol: 'SSL', keystore: good, config: { 'ssl.client.auth': 'requested' } },
    {
      name: 'BOTH',
      ...secure,
      config: {
        ...SCRAM,
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
        'plain.sasl.jaas.config': PLAIN_LOGIN,
      },
    },
    {
      name: 'UNSIGNED',
      ...secure,
      keystore: good,
      config: {
        'sasl.enabled.mechanisms': 'OAUTHBEARER',
        'oauthbearer.sasl.jaas.config': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
      },
    },
  ]
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

async function signItself(nowMs: number): Promise<{ certificate: string; privateKey: string }> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '0a',
      name: 'CN=alone',
      notBefore: new Date(nowMs - DAY_MS),
      notAfter: new Date(nowMs + 30 * DAY_MS),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    },
    webcrypto,
  )
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { certificate: certificate.toString('pem'), privateKey: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}
