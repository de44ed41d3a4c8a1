import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Grade } from '../../../src/regions/grade.ts'
import { foldHealth, type GradedAt, type RegionHealth, restartRuns } from '../../../src/regions/health.ts'
import { healthTimings, longestGapMs } from '../../../src/regions/options.ts'

const options = {
  ...healthTimings(),
  everyMs: 2_000,
  timeoutMs: 5_000,
  downAfterMs: 20_000,
  writesDownAfterMs: 40_000,
  recoverAfterMs: 10_000,
}

const sampleOf = (grade: Grade, atMs: number): GradedAt => {
  return { grade, atMs, findings: grade === 'good' ? [] : [{ code: 'broker-silent', text: `found ${grade}` }] }
}

/** One sample every two seconds; `.` good, `i` impaired, `s` stuck, `f` failing, `b` blind. */
function levelsOf(text: string): string[] {
  const grades: Record<string, Grade> = { '.': 'good', i: 'impaired', s: 'stuck', f: 'failing', b: 'blind' }
  const levels: string[] = []
  let health: RegionHealth | undefined
  for (const [at, letter] of text.split('').entries()) {
    health = foldHealth(health, sampleOf(grades[letter] ?? 'good', at * 2_000), options)
    levels.push(health.level)
  }
  return levels
}

test.each([
  ['one bad sample changes nothing', '.f..i..b..', 'healthy'],
  ['two impaired samples in a row make it degraded', '.ii', 'degraded'],
  ['impaired and good in turn leave it healthy', '.i.i.i.i', 'healthy'],
  ['two failing samples make it suspect', '..ff', 'suspect'],
  ['failing for less than downAfterSeconds is not down', '.ffffffffff', 'suspect'],
  ['failing all the time for downAfterSeconds is down', '.fffffffffff', 'down'],
  ['one good sample in between begins the count anew', '.ffffff.fffff', 'suspect'],
  ['answering without taking writes is suspect at first', `.${'s'.repeat(20)}`, 'suspect'],
  ['and down after writesDownAfterSeconds', `.${'s'.repeat(21)}`, 'down'],
  ['silence counts for that, too', `.${'sf'.repeat(10)}s`, 'down'],
  ['but an answer begins the count of silence anew', `.${'s'.repeat(5)}${'f'.repeat(10)}`, 'suspect'],
  ['whoever turns us away is never down', `.${'b'.repeat(100)}`, 'suspect'],
  ['being turned away in between begins the count anew', '.ffffffbffffff', 'suspect'],
  ['a region that was down has to serve for a while', `.${'f'.repeat(11)}.....`, 'down'],
  ['and is then what it is', `.${'f'.repeat(11)}......`, 'healthy'],
  ['or degraded', `.${'f'.repeat(11)}iiiiii`, 'degraded'],
  ['a region that comes back and turns us away is suspect', `.${'f'.repeat(11)}bbbbbb`, 'suspect'],
  ['a suspect one that serves again is healthy after three samples', '.ff...', 'healthy'],
  ['and not before', '.ff..', 'suspect'],
  ['three good samples end a degradation', '.iii...', 'healthy'],
  ['a region that fails from the beginning becomes down too', 'fffffffffff', 'down'],
])('%s', (_, samples, level) => {
  expect(levelsOf(samples).at(-1)).toBe(level)
})

test('a pause that is longer than looks can take begins the count anew', () => {
  let health: RegionHealth | undefined
  for (let at = 0; at <= 18_000; at += 2_000) health = foldHealth(health, sampleOf('failing', at), options)
  const late = 18_000 + longestGapMs(options) + 1
  expect(foldHealth(health, sampleOf('failing', late), options).level).toBe('suspect')
  expect(foldHealth(health, sampleOf('failing', late - 1), options).level).toBe('down')
})

test('doubt about the observer begins the count anew and changes no level', () => {
  let health: RegionHealth | undefined
  for (let at = 0; at <= 18_000; at += 2_000) health = foldHealth(health, sampleOf('failing', at), options)
  const restarted = restartRuns(health as RegionHealth)
  expect(restarted.level).toBe('suspect')
  expect(foldHealth(restarted, sampleOf('failing', 20_000), options).level).toBe('suspect')
})

test('the reason says what was found, and since when', () => {
  const levels = [sampleOf('good', 0), sampleOf('impaired', 2_000), sampleOf('impaired', 4_000)]
  const health = levels.reduce<RegionHealth | undefined>((before, it) => foldHealth(before, it, options), undefined)
  expect(health).toMatchObject({ level: 'degraded', sinceMs: 4_000, sampledMs: 4_000, reason: 'found impaired' })
  expect(foldHealth(health, sampleOf('good', 6_000), options)).toMatchObject({
    level: 'degraded',
    reason: 'found impaired',
    findings: [],
  })
})

describe('whatever the samples', () => {
  const step = fc.record({
    grade: fc.constantFrom<Grade>('good', 'impaired', 'stuck', 'failing', 'blind', 'failing', 'failing', 'stuck'),
    afterMs: fc.integer({ min: 1, max: 8_000 }),
    doubt: fc.integer({ min: 0, max: 19 }).map((it) => it === 0),
  })
  const rows = fc.array(step, { minLength: 1, maxLength: 60 })

  interface Seen {
    readonly grade: Grade
    readonly atMs: number
    readonly level: string
    readonly isBroken: boolean
  }

  function play(row: readonly { grade: Grade; afterMs: number; doubt: boolean }[]): Seen[] {
    const seen: Seen[] = []
    let health: RegionHealth | undefined
    let atMs = 0
    for (const { grade, afterMs, doubt } of row) {
      atMs += afterMs
      const isLate = afterMs > longestGapMs(options)
      if (doubt && health !== undefined) health = restartRuns(health)
      health = foldHealth(health, sampleOf(grade, atMs), options)
      seen.push({ grade, atMs, level: health.level, isBroken: doubt || isLate })
    }
    return seen
  }

  test('a region becomes down only after an unbroken time of nothing but failing samples, and out of suspect', () => {
    let downs = 0
    fc.assert(
      fc.property(rows, (row) => {
        const seen = play(row)
        for (const [at, { level, atMs }] of seen.entries()) {
          if (level !== 'down' || seen[at - 1]?.level === 'down') continue
          downs++
          expect(seen[at - 1]?.level).toBe('suspect')
          const lastedMs = (grades: readonly (Grade | undefined)[]) => {
            let first = at
            while (first > 0 && seen[first]?.isBroken === false && grades.includes(seen[first - 1]?.grade)) first--
            return grades.includes(seen[at]?.grade) ? atMs - (seen[first]?.atMs ?? atMs) : 0
          }
          const isSilent = lastedMs(['failing']) >= options.downAfterMs
          expect(isSilent || lastedMs(['failing', 'stuck']) >= options.writesDownAfterMs).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(downs).toBeGreaterThan(0)
  })

  test('a region that has failed for long enough without a break is down', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 500, max: 8_000 }), (row, everyMs) => {
        const steps = Math.max(4, Math.ceil(options.downAfterMs / everyMs) + 1)
        const tail = Array.from({ length: steps }, () => ({
          grade: 'failing' as const,
          afterMs: everyMs,
          doubt: false,
        }))
        expect(play([...row, ...tail]).at(-1)?.level).toBe('down')
      }),
    )
  })

  test('the first sample after a pause or a doubt changes no level', () => {
    let broken = 0
    fc.assert(
      fc.property(rows, (row) => {
        const seen = play(row.map((it) => ({ ...it, afterMs: it.afterMs > 7_000 ? it.afterMs * 10 : it.afterMs })))
        for (const [at, { level, isBroken }] of seen.entries()) {
          if (!isBroken || at === 0) continue
          broken++
          expect(level).toBe(seen[at - 1]?.level)
        }
      }),
      { numRuns: 500 },
    )
    expect(broken).toBeGreaterThan(0)
  })
})
