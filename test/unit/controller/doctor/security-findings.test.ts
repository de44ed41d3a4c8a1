import { expect, test } from 'vitest'
import { findInPolicies, findInProbes } from '../../../../src/controller/doctor/security-findings.ts'
import { judgeDrift } from '../../../../src/controller/evidence/security-looks.ts'
import { regionName } from '../../../../src/core/index.ts'
import { entryOf } from '../../security/policies/acl-entry.ts'

const none = { missing: [], extraOwned: [], extraForeign: [], changed: [], users: [], quotas: [] }
const place = { owner: 'orders', region: regionName('us') }
const trouble = { ...place, reason: 'it does not answer', remedy: '' }

test('drift of a region is a finding by what kinds it is of, and one that cannot be seen is another', () => {
  const drifts = [{ ...place, ...none, missing: [entryOf({})], extraForeign: [entryOf({}), entryOf({})] }]
  expect(findInPolicies({ drifts, troubles: [trouble] })).toMatchObject([
    { id: 'policy-drift', region: 'us', evidence: 'policy of orders: 1 missing, 2 of others for its principals' },
    { id: 'could-not-look', region: 'us', evidence: 'policy of orders: it does not answer' },
  ])
  expect(findInPolicies({ drifts: [{ ...place, ...none }], troubles: [] })).toEqual([])
})

test('a certificate that a probe has seen end is a finding, and what else probes find is none of the doctor', () => {
  const region = regionName('us')
  const seen = { region, broker: 1, listener: 'SASL_SSL', title: '', remedy: '', evidence: 'it ends soon' }
  const findings = [
    { ...seen, id: 'certificate-ends', severity: 'warning' },
    { ...seen, id: 'certificate-expired', severity: 'error', broker: null },
    { ...seen, id: 'tls-old', severity: 'error' },
  ] as const
  const [known, unknown, ...more] = findInProbes([{ region, findings }])
  expect(known).toMatchObject({ id: 'listener-certificate-ends', severity: 'warning', group: null, region })
  expect([known?.evidence, unknown?.evidence, more]).toEqual([
    'listener SASL_SSL of broker 1: it ends soon',
    'listener SASL_SSL: it ends soon',
    [],
  ])
})

test('a move is stopped by what is missing, and told of what is extra', () => {
  const look = (more: object) => judgeDrift({ drifts: [{ ...place, ...none, ...more }], troubles: [] })
  expect(look({ missing: [entryOf({})] }).stops).toHaveLength(1)
  expect(look({ changed: [{ declared: entryOf({}), found: entryOf({}) }] }).stops).toHaveLength(1)
  const user = (why: string) => ({ user: 'app', mechanism: 'SCRAM-SHA-512', why, reason: 'it has 4096 iterations' })
  const quota = { entity: [{ type: 'user', name: null }], key: 'producer_byte_rate', value: 5, found: null }
  expect(look({ users: [user('missing')], quotas: [quota] }).stops).toEqual([
    'orders misses the SCRAM-SHA-512 user app',
    'orders declares producer_byte_rate=5 of user <default>, not none',
  ])
  expect(look({ users: [user('other-iterations')] })).toMatchObject({ stops: [], notes: [expect.any(String)] })
  expect(look({ extraForeign: [entryOf({})], extraOwned: [entryOf({})] })).toMatchObject({
    stops: [],
    notes: [{}, {}].map(() => expect.any(String)),
  })
  expect(() => judgeDrift({ drifts: [], troubles: [trouble] })).toThrow('it does not answer')
})
