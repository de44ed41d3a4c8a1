import { expect, test } from 'vitest'
import { SecurityControl } from '../../../../src/controller/policies/security-control.ts'
import { regionName, systemClock, systemRandom } from '../../../../src/core/index.ts'

test('nothing differs in a region that no policy applies to, so that its moves are not refused', async () => {
  const control = new SecurityControl({
    config: {
      regions: new Map(),
      links: [],
      failoverGroups: [],
      policies: [],
      security: { driftMs: 1_000, probeMs: 0 },
    },
    hold: () => undefined,
    clock: systemClock,
    random: systemRandom,
  })
  const judged = await control.judgePolicies(regionName('eu'), new AbortController().signal)
  expect(judged).toEqual({ stops: [], notes: [] })
  await control.stop()
})
