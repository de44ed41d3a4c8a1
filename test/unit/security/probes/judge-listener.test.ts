import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { type ResolvedBaseline, resolveBaseline } from '../../../../src/security/probes/baseline.ts'
import { judgeListener } from '../../../../src/security/probes/judge-listener.ts'
import type { ListenerSight } from '../../../../src/security/probes/probe-listener.ts'

const NOW = Date.UTC(2026, 0, 1)
const days = (count: number) => NOW + count * 86_400_000
const tls = {
  version: 'TLSv1.3',
  chainTrouble: undefined,
  hostTrouble: undefined,
  endsMs: days(90),
  subject: 'broker',
  isSelfSigned: false,
}
const good: ListenerSight = {
  host: 'kafka-0',
  port: 9093,
  broker: 1,
  name: 'CLIENT',
  speaks: 'tls',
  trouble: undefined,
  tls,
  versions: ['TLSv1.2'],
  mechanisms: ['SCRAM-SHA-512'],
  mechanismsTrouble: undefined,
  letsIn: [],
  letsInTrouble: undefined,
  answersWithoutCertificate: true,
  anonymousTopics: undefined,
}
const strict = resolveBaseline([{ sasl: ['scram-sha-512'], certificateMinDays: 21 }])

function judge(sight: Partial<ListenerSight>, baseline: ResolvedBaseline = strict): string[] {
  return judgeListener(regionName('eu'), { ...good, ...sight }, { baseline, nowMs: NOW }).map(({ id }) => id)
}

test('a listener that is as declared has no findings', () => {
  expect(judge({})).toEqual([])
})

test('a listener that does not say how to log in is not taken for one that wants no login', () => {
  const silent = { mechanisms: undefined, mechanismsTrouble: 'no answer within 3000 ms' }
  expect(judge(silent)).toEqual(['could-not-probe'])
  // Whom it does not know it tells nothing, as it should.
  expect(judge({ ...silent, answersWithoutCertificate: false })).toEqual([])
})

test.each<[string, Partial<ListenerSight>, string]>([
  ['plain text', { speaks: 'plaintext', tls: undefined, versions: [] }, 'plaintext-listener'],
  ['PLAIN without TLS', { speaks: 'plaintext', tls: undefined, mechanisms: ['PLAIN'] }, 'plain-without-tls'],
  ['an old version that is agreed to', { versions: ['TLSv1.1', 'TLSv1.2'] }, 'tls-old'],
  ['an old version and no other', { tls: { ...tls, version: 'TLSv1.1' }, versions: [] }, 'tls-old'],
  ['a certificate that has ended', { tls: { ...tls, endsMs: days(-1) } }, 'certificate-expired'],
  ['a certificate that ends soon', { tls: { ...tls, endsMs: days(20) } }, 'certificate-ends'],
  [
    'an unknown authority',
    { tls: { ...tls, chainTrouble: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } },
    'certificate-untrusted',
  ],
  [
    'a certificate that signs itself',
    { tls: { ...tls, chainTrouble: 'DEPTH_ZERO_SELF_SIGNED_CERT', isSelfSigned: true } },
    'certificate-self-signed',
  ],
  ['another host', { tls: { ...tls, hostTrouble: 'not kafka-0' } }, 'certificate-wrong-host'],
  ['no demand for a certificate', { mechanisms: undefined }, 'client-certificate-optional'],
  ['a made-up name let in by PLAIN', { letsIn: ['PLAIN'] }, 'login-unchecked'],
  ['a token of nobody', { letsIn: ['OAUTHBEARER'] }, 'login-unchecked'],
  ['a login that hangs', { letsInTrouble: 'PLAIN: no answer within 3000 ms' }, 'could-not-probe'],
  ['topics for strangers', { anonymousTopics: 3 }, 'anonymous-allowed'],
  ['a mechanism too many', { mechanisms: ['SCRAM-SHA-512', 'PLAIN'] }, 'mechanism-unexpected'],
  ['no answer', { speaks: undefined, trouble: 'connect ECONNREFUSED' }, 'could-not-probe'],
])('%s is found', (_what, sight, id) => {
  expect(judge(sight)).toContain(id)
})

test('an expired certificate is told as that, not as one that nobody trusts', () => {
  const expired = { ...tls, endsMs: days(-1), chainTrouble: 'CERT_HAS_EXPIRED' }
  expect(judge({ tls: expired })).toEqual(['certificate-expired'])
})

test('what a policy allows is no finding', () => {
  const lax = resolveBaseline([{ plaintext: 'allow', anonymous: 'allow' }])
  const open = { speaks: 'plaintext', tls: undefined, mechanisms: undefined, anonymousTopics: 4 } as const
  expect(judge(open, lax)).toEqual([])
  const both = resolveBaseline([{ plaintext: 'allow' }, { plaintext: 'refuse', tlsMin: '1.3', certificateMinDays: 5 }])
  expect(both).toMatchObject({ plaintext: 'refuse', tlsMin: '1.3', certificateMinDays: 5, isDeclared: true })
  expect(judge({}, both)).toEqual(['tls-old'])
})
