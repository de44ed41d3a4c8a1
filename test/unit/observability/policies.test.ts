import { expect, test } from 'vitest'
import { renderPolicies } from '../../../src/observability/policy-metrics.ts'
import { entryOf } from '../security/policies/acl-entry.ts'

test('a region that could not be looked at has no drift, and an age that grows', () => {
  const drift = {
    missing: [entryOf({})],
    extraOwned: [],
    extraForeign: [entryOf({}), entryOf({ name: 'b' })],
    changed: [],
    users: [],
    quotas: [{ entity: [], key: 'producer_byte_rate', value: 1, found: null }],
  }
  const text = renderPolicies(
    [
      { owner: 'orders', region: 'eu', drift, lookedAtMs: 1_000, corrected: 3 },
      { owner: 'orders', region: 'us', drift: undefined, lookedAtMs: undefined, corrected: 0 },
    ],
    6_000,
  ).join('\n')
  expect(text).toContain('isthmus_policy_drift_entries{region="eu",owner="orders",kind="extra-foreign"} 2')
  expect(text).toContain('isthmus_policy_drift_entries{region="eu",owner="orders",kind="missing"} 1')
  expect(text).toContain('isthmus_policy_drift_entries{region="eu",owner="orders",kind="quotas"} 1')
  expect(text).not.toContain('isthmus_policy_drift_entries{region="us"')
  expect(text).toContain('isthmus_policy_look_age_seconds{region="eu",owner="orders"} 5')
  expect(text).toContain('isthmus_policy_look_age_seconds{region="us",owner="orders"} +Inf')
  expect(text).toContain('isthmus_policy_entries_corrected_total{region="eu",owner="orders"} 3')
})
