import type { RegionName } from '../../core/index.ts'

/** What probes can find about a region, as data. */
export type ProbeSeverity = 'critical' | 'error' | 'warning' | 'info'

interface ProbeSpec {
  readonly severity: ProbeSeverity
  readonly title: string
  readonly remedy: string
}

export const PROBE_FINDINGS = {
  'plaintext-listener': {
    severity: 'error',
    title: 'Clients can connect without TLS.',
    remedy: 'Remove the listener, or make it SASL_SSL or SSL.',
  },
  'plain-without-tls': {
    severity: 'critical',
    title: 'Passwords go over the network as they are: PLAIN without TLS.',
    remedy: 'Make the listener SASL_SSL, then change every password that was used there.',
  },
  'tls-old': {
    severity: 'error',
    title: 'A listener speaks a version of TLS that is too old.',
    remedy: 'Set ssl.enabled.protocols of the listener to TLSv1.2,TLSv1.3.',
  },
  'certificate-expired': {
    severity: 'error',
    title: 'The certificate of a listener has ended.',
    remedy: 'Renew it; clients that check it cannot connect.',
  },
  'certificate-ends': {
    severity: 'warning',
    title: 'The certificate of a listener ends soon.',
    remedy: 'Renew it.',
  },
  'certificate-untrusted': {
    severity: 'error',
    title: 'The certificate of a listener comes from no authority that is trusted.',
    remedy: 'Have it issued by the authority of tls.caFile, or add its authority there; send the whole chain.',
  },
  'certificate-self-signed': {
    severity: 'error',
    title: 'The certificate of a listener is signed by itself.',
    remedy: 'Have it issued by an authority.',
  },
  'certificate-wrong-host': {
    severity: 'error',
    title: 'The certificate of a listener is not for the host that it advertises.',
    remedy: 'Add the advertised host to the alternative names of the certificate.',
  },
  'client-certificate-optional': {
    severity: 'error',
    title: 'A listener without SASL lets in clients that show no certificate.',
    remedy: 'Set ssl.client.auth=required of the listener.',
  },
  'mechanism-unexpected': {
    severity: 'error',
    title: 'A listener offers a SASL mechanism that the policy does not.',
    remedy: 'Take it out of sasl.enabled.mechanisms, or add it to baseline.sasl.',
  },
  'anonymous-allowed': {
    severity: 'critical',
    title: 'Whoever has not logged in is shown topics.',
    remedy: 'Let the listener demand a login, and take rights and super.users from User:ANONYMOUS and User:*.',
  },
  'login-unchecked': {
    severity: 'critical',
    title: 'A listener lets in whoever makes up a name: logins are not checked.',
    remedy:
      'Give the listener a callback handler that checks: for OAUTHBEARER, OAuthBearerValidatorCallbackHandler with ' +
      'sasl.oauthbearer.jwks.endpoint.url. Then look at what was done under names that nobody has.',
  },
  'no-authorizer': {
    severity: 'critical',
    title: 'Brokers have no authorizer: everybody may do everything.',
    remedy: 'Set authorizer.class.name to org.apache.kafka.metadata.authorizer.StandardAuthorizer.',
  },
  'open-by-default': {
    severity: 'error',
    title: 'What has no entry is open to everyone: allow.everyone.if.no.acl.found.',
    remedy: 'Set it to false, once the applications have entries.',
  },
  'super-user-unexpected': {
    severity: 'error',
    title: 'A principal is a super user that should be none.',
    remedy: 'Take it out of super.users of the brokers, or add it to baseline.superUsers.',
  },
  'reauthentication-off': {
    severity: 'warning',
    title: 'Clients never have to log in again: a password that was changed goes on working.',
    remedy: 'Set connections.max.reauth.ms of the brokers.',
  },
  'plaintext-between-brokers': {
    severity: 'error',
    title: 'Brokers speak to each other without TLS.',
    remedy: 'Give inter.broker.listener.name a listener with SSL or SASL_SSL.',
  },
  'brokers-differ': {
    severity: 'warning',
    title: 'Brokers of one region are not secured alike.',
    remedy: 'Give every broker the same settings.',
  },
  'could-not-probe': {
    severity: 'warning',
    title: 'Something could not be found out, so that it may be wrong.',
    remedy: 'Let Isthmus reach the listeners, and give it DESCRIBE_CONFIGS on the cluster.',
  },
} as const satisfies Record<string, ProbeSpec>

export type ProbeFindingId = keyof typeof PROBE_FINDINGS

export interface ProbeFinding extends ProbeSpec {
  readonly id: ProbeFindingId
  readonly region: RegionName
  /** Null where it is about the region as a whole, or where it is not known. */
  readonly broker: number | null
  /** Name of the listener, or its address; null where it is about none. */
  readonly listener: string | null
  /** What was seen. */
  readonly evidence: string
}

export interface FoundAt {
  readonly region: RegionName
  readonly broker?: number | null
  readonly listener?: string | null
  readonly evidence: string
}

export function probeFinding(id: ProbeFindingId, { region, broker, listener, evidence }: FoundAt): ProbeFinding {
  return { id, region, broker: broker ?? null, listener: listener ?? null, evidence, ...PROBE_FINDINGS[id] }
}

const ORDER: readonly ProbeSeverity[] = ['critical', 'error', 'warning', 'info']

/** The gravest first. */
export function sortProbeFindings(findings: readonly ProbeFinding[]): ProbeFinding[] {
  return findings.toSorted((a, b) => {
    const place = (one: ProbeFinding) => `${one.region} ${one.id} ${one.listener ?? ''} ${one.broker ?? ''}`
    return ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || place(a).localeCompare(place(b))
  })
}
