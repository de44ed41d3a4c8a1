import { type Difference, differenceOf, type MirrorCluster, type Mistake, type Settings, valueOf } from './plan.ts'
import { readJaasOption, type Setting } from './properties.ts'

/** The part of a region that says how it is reached; files are named, never read. */
export interface RegionLogin {
  readonly tls?: Readonly<Record<string, string>>
  readonly sasl?: Readonly<Record<string, string>>
}

export interface LoginFound {
  readonly login: RegionLogin
  readonly differences: readonly Difference[]
  readonly mistakes: readonly Mistake[]
}

const MECHANISMS: Readonly<Record<string, string>> = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
}
const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

/** How a cluster is logged in to. A secret becomes the name of a file that is to be made. Pure. */
export function findLogin({ alias, settings }: MirrorCluster, region: string): LoginFound {
  const differences: Difference[] = []
  const mistakes: Mistake[] = []
  const setting = settings.get('security.protocol')
  const protocol = (setting?.value ?? 'PLAINTEXT').trim().toUpperCase()
  if (setting !== undefined && !PROTOCOLS.includes(protocol)) {
    mistakes.push(mistakeOf(setting, `not a protocol of ${alias}`, `write one of ${PROTOCOLS.join(', ')}`))
  }
  const tls = protocol.endsWith('SSL') ? findTls(settings, region, differences) : undefined
  const sasl = protocol.startsWith('SASL') ? findSasl(settings, { region, differences, mistakes }) : undefined
  return { login: { ...(tls && { tls }), ...(sasl && { sasl }) }, differences, mistakes }
}

function findTls(settings: Settings, region: string, differences: Difference[]): Record<string, string> {
  const file = (setting: Setting, name: string, how: string) => {
    const path = `${region}/${name}`
    differences.push(
      differenceOf('file', setting, {
        isthmus: `${path} is read, as PEM`,
        todo: how.replaceAll('FILE', path),
        isSecret: true,
      }),
    )
    return path
  }
  const trust =
    settings.get('ssl.truststore.location') ??
    settings.get('ssl.truststore.certificates') ??
    settings.get('ssl.truststore.secret')
  const key =
    settings.get('ssl.keystore.location') ?? settings.get('ssl.keystore.key') ?? settings.get('ssl.keystore.secret')
  const pem = (setting: Setting | undefined, type: string) =>
    valueOf(settings, type)?.toUpperCase() === 'PEM' && setting?.key.endsWith('.location') === true
  const caFile =
    trust && (pem(trust, 'ssl.truststore.type') ? trust.value.trim() : file(trust, 'ca.crt', trustHow(trust)))
  const isPemKey = pem(key, 'ssl.keystore.type')
  const certFile = key && (isPemKey ? key.value.trim() : file(key, 'client.crt', certHow(key)))
  const keyFile = key && (isPemKey ? key.value.trim() : file(key, 'client.key', keyHow(key)))
  const check = settings.get('ssl.endpoint.identification.algorithm')
  if (check !== undefined && check.value.trim() === '') {
    const todo = 'have the certificates name the hosts, or set serverName of the region to the name that they have'
    differences.push(differenceOf('decide', check, { isthmus: 'the name in a certificate is always checked', todo }))
  }
  return { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) }
}

/** A store of Java is exported; the rest is copied from where it stands. */
const trustHow = (setting: Setting) =>
  isStore(setting)
    ? `make FILE: keytool -exportcert -rfc -keystore ${setting.value.trim()} -alias ALIAS >> FILE, for each alias of the store`
    : `make FILE of the certificates in ${placeOf(setting)}`
const certHow = (setting: Setting) =>
  isStore(setting)
    ? `make FILE: openssl pkcs12 -in ${setting.value.trim()} -clcerts -nokeys -out FILE (a JKS: keytool -importkeystore first)`
    : `make FILE of the certificate in ${placeOf(setting)}`
const keyHow = (setting: Setting) =>
  isStore(setting)
    ? `make FILE, for the user of Isthmus alone: openssl pkcs12 -in ${setting.value.trim()} -nocerts -nodes -out FILE`
    : `make FILE, for the user of Isthmus alone, of the key in ${placeOf(setting)}`

const isStore = ({ key }: Setting) => key.endsWith('.location')
/** The name of a Kubernetes secret is none; what else a setting has may be one. */
const placeOf = ({ key, value }: Setting) => (value.startsWith('secret ') ? value : key)

interface SaslContext {
  readonly region: string
  readonly differences: Difference[]
  readonly mistakes: Mistake[]
}

function findSasl(settings: Settings, context: SaslContext): Record<string, string> | undefined {
  const { region, differences, mistakes } = context
  const setting = settings.get('sasl.mechanism')
  const name = (setting?.value ?? 'GSSAPI').trim().toUpperCase()
  const mechanism = MECHANISMS[name]
  if (mechanism === undefined) {
    const remedy = `give Isthmus a login of its own with one of ${Object.keys(MECHANISMS).join(', ')}, or a client certificate`
    const at = setting ?? { key: 'sasl.mechanism', value: '', line: null }
    mistakes.push(mistakeOf(at, `Isthmus cannot log in with ${name}`, remedy))
    return undefined
  }
  const jaas = settings.get('sasl.jaas.config')
  const username = valueOf(settings, 'sasl.username') ?? readJaasOption(jaas?.value, 'username')
  if (username === undefined) {
    const at = jaas ?? setting ?? { key: 'sasl.jaas.config', value: '', line: null }
    mistakes.push(mistakeOf(at, 'it names no user', 'give the line sasl.jaas.config of the login, or add its username'))
    return undefined
  }
  const passwordFile = `${region}/password`
  const from = settings.get('sasl.password.secret') ?? jaas
  if (from !== undefined) {
    const todo = `make ${passwordFile}, for the user of Isthmus alone, of the password in ${placeOf(from)}`
    differences.push(differenceOf('file', from, { isthmus: `${passwordFile} is read`, todo, isSecret: true }))
  }
  return { mechanism, username, passwordFile }
}

function mistakeOf({ key, line }: Setting, rule: string, remedy: string): Mistake {
  return { key, line, rule, remedy }
}
