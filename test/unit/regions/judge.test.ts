import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RegionName, regionName } from '../../../src/core/index.ts'
import type { HealthLevel } from '../../../src/regions/health.ts'
import { judgeRegion } from '../../../src/regions/judge.ts'
import { healthTimings } from '../../../src/regions/options.ts'
import type { HeardReport, VantageReport } from '../../../src/regions/report.ts'

const timings = { ...healthTimings(), reportStaleMs: 15_000 }
const [eu, us, ap] = ['eu', 'us', 'ap'].map(regionName) as [RegionName, RegionName, RegionName]
const regions = [eu, us, ap]

const report = (
  standsIn: RegionName | null,
  sees: Partial<Record<string, HealthLevel>>,
  more: Partial<VantageReport> = {},
): VantageReport => ({
  vantage: standsIn === null ? 'outside' : `in-${standsIn}`,
  standsIn,
  sequence: 1,
  doubt: null,
  sees: new Map(Object.entries(sees).map(([name, level]) => [regionName(name), level as HealthLevel])),
  ...more,
})
const fresh = (it: VantageReport): HeardReport => ({ report: it, ageMs: 1_000 })
const judge = (own: VantageReport, heard: readonly HeardReport[] = [], of = regions) =>
  judgeRegion({ region: eu, regions: of, own, heard }, timings)

const fine = { eu: 'healthy', us: 'healthy', ap: 'healthy' } as const
const euDown = { eu: 'down', us: 'healthy', ap: 'healthy' } as const
const allDownBut = (region: string) => ({ eu: 'down', us: 'down', ap: 'down', [region]: 'healthy' }) as const

describe('down is told from cut off', () => {
  test('a majority of three agrees: down', () => {
    const judgement = judge(report(us, euDown), [fresh(report(ap, euDown))])
    expect(judgement).toMatchObject({ verdict: 'unconfirmed' })
    const three = judge(report(us, euDown), [fresh(report(ap, euDown)), fresh(report(null, fine))])
    expect(three.verdict).toBe('cut-off')
    const agreed = judge(report(us, euDown), [fresh(report(ap, euDown)), { report: report(eu, fine), ageMs: 60_000 }])
    expect(agreed).toMatchObject({
      verdict: 'down',
      majority: 2,
      reason: '2 of 3 vantage points find it down, and none finds it up',
    })
  })

  test('with two vantage points it stays unconfirmed, however sure both are', () => {
    const { verdict, reason } = judge(report(us, euDown), [fresh(report(ap, euDown))])
    expect([verdict, reason]).toEqual([
      'unconfirmed',
      'it is down from here, and there are no three vantage points to ask',
    ])
  })

  test('silent ones count in the majority, and are named', () => {
    const silent = ['a', 'b', 'c'].map((vantage) => ({ report: report(null, euDown, { vantage }), ageMs: 16_000 }))
    const { verdict, reason } = judge(report(us, euDown), [fresh(report(ap, euDown)), ...silent])
    expect(verdict).toBe('unconfirmed')
    expect(reason).toBe('2 of 5 vantage points find it down, 3 are needed; not heard of: a, b, c')
  })

  test('somebody else sees it up: this observer is cut off from it', () => {
    expect(judge(report(us, euDown), [fresh(report(ap, fine))])).toMatchObject({
      verdict: 'cut-off',
      reason: 'in-ap see it up: this observer is cut off from it',
    })
  })

  test('only its own vantage points see it up: it is isolated', () => {
    const heard = [fresh(report(ap, euDown)), fresh(report(eu, allDownBut('eu')))]
    expect(judge(report(us, euDown), heard).verdict).toBe('isolated')
  })

  test('an observer that reaches nothing but its own region is the one that is cut off', () => {
    expect(judge(report(us, allDownBut('us')))).toMatchObject({
      verdict: 'cut-off',
      reason: 'this observer reaches none of the regions it should',
    })
  })

  test('of two regions there is no telling', () => {
    const own = report(us, { eu: 'down', us: 'healthy' })
    expect(judge(own, [], [eu, us]).verdict).toBe('unconfirmed')
  })

  test('whoever reaches no other region has no vote', () => {
    const heard = [fresh(report(ap, allDownBut('ap'))), fresh(report(null, euDown))]
    const { verdict, votes } = judge(report(us, euDown), heard)
    expect(votes.map(({ vote }) => vote)).toEqual(['down', 'cut-off', 'down'])
    expect(verdict).toBe('down')
  })

  test('a vantage point inside a dead region has a vote, though it is the only region it has', () => {
    const own = report(eu, euDown)
    const others = [fresh(report(us, euDown)), fresh(report(ap, euDown))]
    expect(judge(own, others).verdict).toBe('down')
  })
})

test.each([
  ['in doubt', report(us, euDown, { doubt: 'this process did not run' }), [], 'unknown'],
  ['without a look', report(us, { us: 'healthy' }), [], 'unknown'],
  ['that reaches it', report(us, fine), [fresh(report(ap, euDown))], 'up'],
  [
    'that reaches it against a majority',
    report(us, fine),
    [fresh(report(ap, euDown)), fresh(report(null, euDown))],
    'contested',
  ],
  ['that has not reached it for long', report(us, { ...fine, eu: 'suspect' }), [], 'suspect'],
])('an observer %s says so', (_, own, heard, verdict) => {
  expect(judge(own, heard).verdict).toBe(verdict)
})

test('doubt of another one takes its vote', () => {
  const doubting = report(ap, euDown, { doubt: 'its clock jumped' })
  const { verdict, votes } = judge(report(us, euDown), [fresh(doubting), fresh(report(null, {}))])
  expect(votes.map(({ vote }) => vote)).toEqual(['down', 'in-doubt', 'no-view'])
  expect(verdict).toBe('unconfirmed')
})

describe('whatever anybody reports', () => {
  const level = fc.constantFrom<HealthLevel>('healthy', 'degraded', 'suspect', 'down')
  const mostlyDown = fc.oneof({ weight: 3, arbitrary: fc.constant<HealthLevel>('down') }, level)
  const views = fc.record({ eu: mostlyDown, us: level, ap: level }, { requiredKeys: [] })
  const anyReport = fc
    .record({
      standsIn: fc.option(fc.constantFrom(...regions)),
      sees: views,
      doubt: fc.option(fc.constant('in doubt'), { freq: 6 }),
      vantage: fc.stringMatching(/^v[0-9]{1,6}$/),
    })
    .map(({ standsIn, sees, ...more }) => report(standsIn, sees, more))
  const anyHeard = fc.record({ report: anyReport, ageMs: fc.integer({ min: 0, max: 30_000 }) })

  test('down needs this observer, a majority of at least three, and nobody who sees it up', () => {
    let downs = 0
    fc.assert(
      fc.property(anyReport, fc.array(anyHeard, { maxLength: 7 }), (own, heard) => {
        const { verdict, votes, majority } = judge(own, heard)
        const votesFor = votes.filter(({ vote }) => vote === 'down').length
        expect(majority * 2).toBeGreaterThan(votes.length)
        if (own.doubt !== null) expect(verdict).toBe('unknown')
        if (verdict !== 'down') return
        downs++
        expect(own.sees.get(eu)).toBe('down')
        expect(votes.length).toBeGreaterThanOrEqual(3)
        expect(votesFor * 2).toBeGreaterThan(votes.length)
        expect(votes.some(({ vote }) => vote === 'up')).toBe(false)
      }),
      { numRuns: 5_000 },
    )
    expect(downs).toBeGreaterThan(0)
  })

  test('what is silent, in doubt or cut off never turns a verdict into down', () => {
    const mute = anyHeard.map(({ report: it }) => ({ report: it, ageMs: 15_001 }))
    fc.assert(
      fc.property(anyReport, fc.array(anyHeard, { maxLength: 5 }), mute, (own, heard, other) => {
        const before = judge(own, heard).verdict
        if (heard.length + 1 >= 3 && before !== 'down') expect(judge(own, [...heard, other]).verdict).not.toBe('down')
      }),
    )
  })
})
