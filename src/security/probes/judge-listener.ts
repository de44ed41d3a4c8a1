import type { RegionName } from '../../core/index.ts'
import type { TriedMechanism } from '../../kafka/index.ts'
import type { ResolvedBaseline } from './baseline.ts'
import type { ListenerSight } from './probe-listener.ts'
import { type ProbeFinding, type ProbeFindingId, probeFinding } from './probe-findings.ts'

const DAY_MS = 86_400_000

/** What is wrong with a listener: pure. */
export function judgeListener(
  region: RegionName,
  sight: ListenerSight,
  { baseline, nowMs }: { readonly baseline: ResolvedBaseline; readonly nowMs: number },
): ProbeFinding[] {
  const found: ProbeFinding[] = []
  const add = (id: ProbeFindingId, evidence: string) => {
    const { broker, name: listener } = sight
    found.push(
      probeFinding(id, { region, broker: broker < 0 ? null : broker, listener, evidence: `${address}: ${evidence}` }),
    )
  }
  const address = `${sight.host}:${sight.port}`
  const { speaks, mechanisms, anonymousTopics = 0 } = sight
  if (speaks === undefined) {
    add('could-not-probe', sight.trouble ?? 'it does not answer')
    return found
  }
  if (speaks === 'plaintext' && baseline.plaintext === 'refuse') add('plaintext-listener', 'it answers in plain text')
  if (speaks === 'plaintext' && mechanisms?.includes('PLAIN') === true) add('plain-without-tls', 'it offers PLAIN')
  judgeLogins(sight, baseline, add)
  if (anonymousTopics > 0 && baseline.anonymous === 'refuse') {
    add('anonymous-allowed', `it listed ${anonymousTopics} topics to somebody who had not logged in`)
  }
  const extra = (mechanisms ?? []).filter((name) => baseline.mechanisms?.includes(name) === false)
  if (extra.length > 0) add('mechanism-unexpected', `it offers ${extra.join(', ')}`)
  judgeTls(sight, { baseline, nowMs }, add)
  return found
}

function judgeLogins(
  { mechanisms, mechanismsTrouble, letsIn, letsInTrouble, answersWithoutCertificate }: ListenerSight,
  { anonymous }: ResolvedBaseline,
  add: (id: ProbeFindingId, evidence: string) => void,
): void {
  for (const mechanism of letsIn) add('login-unchecked', `${mechanism} ${MADE_UP[mechanism]}`)
  if (letsInTrouble !== undefined) add('could-not-probe', `whether it refuses logins: ${letsInTrouble}`)
  if (mechanismsTrouble !== undefined && answersWithoutCertificate !== false) {
    add('could-not-probe', `its logins: ${mechanismsTrouble}`)
  } else if (mechanisms === undefined && answersWithoutCertificate === true && anonymous === 'refuse') {
    add('client-certificate-optional', 'it answered without a certificate')
  }
}

const MADE_UP: Readonly<Record<TriedMechanism, string>> = {
  PLAIN: 'let in a name and a password that were made up',
  OAUTHBEARER: 'let in a name that was made up, with a token that nobody has signed',
}

function judgeTls(
  { tls, versions }: ListenerSight,
  { baseline, nowMs }: { readonly baseline: ResolvedBaseline; readonly nowMs: number },
  add: (id: ProbeFindingId, evidence: string) => void,
): void {
  if (tls === undefined) return
  const isOld = (version: string) => version !== 'TLSv1.3' && (version !== 'TLSv1.2' || baseline.tlsMin === '1.3')
  const old = [...new Set([...versions, tls.version])].filter(isOld)
  if (old.length > 0) add('tls-old', `it agreed to ${old.join(', ')}`)
  const { chainTrouble, hostTrouble, endsMs, subject, isSelfSigned } = tls
  const days = Math.floor((endsMs - nowMs) / DAY_MS)
  const until = new Date(endsMs).toISOString()
  if (endsMs <= nowMs) add('certificate-expired', `the certificate of ${subject} ended ${until}`)
  else if (days < baseline.certificateMinDays) {
    add('certificate-ends', `the certificate of ${subject} ends ${until}, in ${days} days`)
  }
  const isTrust = chainTrouble !== undefined && !OTHERWISE_TOLD.has(chainTrouble)
  if (isTrust) {
    const id = isSelfSigned ? 'certificate-self-signed' : 'certificate-untrusted'
    add(id, `the certificate of ${subject}: ${chainTrouble}`)
  }
  if (hostTrouble !== undefined) add('certificate-wrong-host', hostTrouble)
}

/** What has findings of its own. */
const OTHERWISE_TOLD: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'])
