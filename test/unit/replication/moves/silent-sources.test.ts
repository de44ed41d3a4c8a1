import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { SilentSources } from '../../../../src/replication/moves/silent-sources.ts'
import { ManualClock } from '../flows/flow-fixtures.ts'

test('a region that did not answer is asked again after ten seconds, however often it was passed over', async () => {
  const clock = new ManualClock()
  const silent = new SilentSources(clock)
  const [eu, us] = [regionName('eu'), regionName('us')]
  expect(silent.has(eu)).toBe(false)
  silent.note(eu)
  await clock.pass(9_999)
  expect([silent.has(eu), silent.has(us)]).toEqual([true, false])
  await clock.pass(1)
  expect(silent.has(eu)).toBe(false)
})
