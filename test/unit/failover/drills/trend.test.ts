import { expect, test } from 'vitest'
import type { DrillDocument, DrillMeasured } from '../../../../src/failover/drills/drill-document.ts'
import { trendOf } from '../../../../src/failover/drills/trend.ts'
import { at, drillDocument } from './drill-records.ts'

function drill(id: string, second: number, rtoMs: number | null, changes: Partial<DrillDocument> = {}): DrillDocument {
  const measured: DrillMeasured = { rpoRecords: 0, rpoMs: 0, rtoMs, writePauseMs: null }
  const steps = [{ phase: 'done' as const, at: at(second), reason: 'nothing is left' }]
  return drillDocument({ id, steps, measured, ...changes })
}

test('figures go from the oldest drill to the newest, whatever the order of the history', () => {
  const [trend, ...others] = trendOf([drill('c', 30, 5_000), drill('a', 10, 2_000), drill('b', 20, 3_000)])
  expect(others).toEqual([])
  expect(trend).toMatchObject({ level: 'canary', runs: 3, passed: 3 })
  expect(trend?.points.map(({ drill: id, rtoMs }) => [id, rtoMs])).toEqual([
    ['a', 2_000],
    ['b', 3_000],
    ['c', 5_000],
  ])
  expect(trend?.series.rtoMs).toEqual({ last: 5_000, median: 3_000, worst: 5_000, change: 2_000 })
  expect(trend?.series.writePauseMs).toBeNull()
})

test('the first drill of a level has nothing to be compared with', () => {
  expect(trendOf([drill('a', 10, 2_000)])[0]?.series.rtoMs).toEqual({
    last: 2_000,
    median: 2_000,
    worst: 2_000,
    change: null,
  })
})

test('levels are apart; drills that were skipped or measured nothing are left out', () => {
  const { measured: _measured, ...unmeasured } = drill('d', 5, null)
  const history = [
    drill('a', 10, 2_000, { outcome: { kind: 'failed', reasons: ['too slow'] } }),
    drill('b', 20, 9_000, { level: 'full' }),
    drill('c', 30, 1, { outcome: { kind: 'skipped', reasons: ['not approved'] } }),
    unmeasured,
  ]
  expect(trendOf(history).map(({ level, runs, passed }) => [level, runs, passed])).toEqual([
    ['canary', 1, 0],
    ['full', 1, 1],
  ])
})
