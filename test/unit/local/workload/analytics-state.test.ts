import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../src/core/index.ts'
import type { AggregateRecord } from '../../../../src/local/workload/aggregates.ts'
import { createPartitionState, type PartitionState } from '../../../../src/local/workload/analytics-state.ts'
import { compareAggregates, computeAggregates } from '../../../../src/local/workload/oracle.ts'
import { reading, scatteredReadings } from './readings.ts'

const options = { windowMs: 10_000, graceMs: 5_000, siteRetentionMs: 300_000, partition: 3 }

const ofDevice = (records: readonly AggregateRecord[]) => records.filter((record) => record.scope === 'device')

/** A changelog in memory: what a restart would read. */
function createStore() {
  const entries = new Map<string, string>()
  const published: AggregateRecord[] = []
  return {
    entries,
    published,
    flush(state: PartitionState) {
      const changes = state.takeChanges()
      for (const { key, value } of changes.changelog) {
        if (value === null) entries.delete(key)
        else entries.set(key, value)
      }
      published.push(...changes.aggregates)
      return changes
    },
  }
}

describe('the state of a partition', () => {
  it('puts a reading at the start of a window into that window and one at its end into the next', () => {
    const state = createPartitionState(options)
    state.apply(reading({ at: 100_000, sequence: 1 }))
    state.apply(reading({ at: 109_999, sequence: 2 }))
    state.apply(reading({ at: 110_000, sequence: 3 }))
    const windows = ofDevice(state.takeChanges().aggregates).map(({ windowStart, count }) => [windowStart, count])
    expect(windows).toEqual([
      [100_000, 2],
      [110_000, 1],
    ])
  })

  it('keeps count, least, most, mean and the last by event time', () => {
    const state = createPartitionState(options)
    state.apply(reading({ value: 1.1, at: 100_001, sequence: 1 }))
    state.apply(reading({ value: 2.2, at: 100_009, sequence: 2 }))
    state.apply(reading({ value: 0.3, at: 100_005, sequence: 3 }))
    const [window] = state.takeChanges().aggregates
    expect(window).toMatchObject({ count: 3, min: 0.3, max: 2.2, mean: 1.2, last: { value: 2.2 }, isClosed: false })
  })

  it('takes a late reading within the grace period and refuses one after it', () => {
    const state = createPartitionState(options)
    state.apply(reading({ at: 100_000, sequence: 1 }))
    state.apply(reading({ at: 114_999, sequence: 2 }))
    expect(state.apply(reading({ at: 109_000, sequence: 3 }))).toBe('applied')
    state.apply(reading({ at: 115_000, sequence: 4 }))
    expect(state.apply(reading({ at: 109_000, sequence: 5 }))).toBe('late')
  })

  it('closes a window by the event time of its own device only', () => {
    const state = createPartitionState(options)
    state.apply(reading({ at: 100_000, sequence: 1 }))
    state.apply(reading({ deviceId: 'mill-temperature-2', at: 500_000, sequence: 1 }))
    expect(state.takeChanges().windowsClosed).toBe(0)
    state.apply(reading({ at: 115_000, sequence: 2 }))
    const changes = state.takeChanges()
    expect(changes.windowsClosed).toBe(1)
    expect(ofDevice(changes.aggregates).filter((record) => record.isClosed)).toMatchObject([{ windowStart: 100_000 }])
  })

  it('counts a reading once however often it is read', () => {
    const state = createPartitionState(options)
    expect(state.apply(reading({ sequence: 5 }))).toBe('applied')
    expect(state.apply(reading({ sequence: 5 }))).toBe('repeated')
    expect(state.apply(reading({ sequence: 4 }))).toBe('repeated')
    expect(state.takeChanges().aggregates.map(({ count }) => count)).toEqual([1, 1])
    expect(state.takeChanges()).toEqual({ changelog: [], aggregates: [], windowsClosed: 0 })
  })

  it('drops the windows of a site after their retention, from the changelog too', () => {
    const store = createStore()
    const state = createPartitionState({ ...options, siteRetentionMs: 20_000 })
    state.apply(reading({ at: 100_000, sequence: 1 }))
    state.apply(reading({ at: 115_000, sequence: 2 }))
    store.flush(state)
    expect(store.entries.has('window:mill-temperature-1:100000')).toBe(true)
    state.apply(reading({ at: 130_000, sequence: 3 }))
    const { aggregates } = store.flush(state)
    expect(store.entries.has('window:mill-temperature-1:100000')).toBe(false)
    expect(aggregates.find((record) => record.scope === 'site' && record.isClosed)?.windowStart).toBe(100_000)
  })

  it.each([1, 2, 3, 4, 5])('ends equal to the oracle over crashes and repeated input (seed %i)', (seed) => {
    const readings = scatteredReadings(seed, 2_000)
    const random = seededRandom(seed + 100)
    const store = createStore()
    let state = createPartitionState(options)
    let committed = 0
    for (let next = 0; next < readings.length; ) {
      const end = Math.min(readings.length, next + 1 + Math.floor(random.next() * 60))
      for (const each of readings.slice(next, end)) state.apply(each)
      next = end
      if (random.next() < 0.2) {
        // A crash: what was not flushed is gone, and input is read again from some position at or before the state's.
        state = createPartitionState(options, store.entries)
        next = Math.max(0, committed - Math.floor(random.next() * 200))
      } else {
        store.flush(state)
        committed = Math.max(committed, next)
      }
    }
    store.flush(state)
    const comparison = compareAggregates(store.published, computeAggregates(readings, options))
    expect(comparison.reason).toMatch(/^all \d+ windows are equal$/)
  })

  it.each([1, 2, 3, 4, 5])('ends equal to the oracle from a copy torn in the middle of a flush (seed %i)', (seed) => {
    const readings = scatteredReadings(seed, 2_000)
    const random = seededRandom(seed + 200)
    const log: { entry: readonly [string, string | null]; next: number }[] = []
    const published: AggregateRecord[][] = []
    const state = createPartitionState(options)
    for (let next = 0; next < 1_500; next += 25) {
      for (const each of readings.slice(next, next + 25)) state.apply(each)
      const { changelog, aggregates } = state.takeChanges()
      log.push(...changelog.map(({ key, value }) => ({ entry: [key, value] as const, next })))
      published.push([...aggregates])
    }
    const torn = log.slice(0, Math.floor(log.length * (0.3 + 0.7 * random.next())))
    const copied = new Map<string, string>()
    for (const { entry } of torn) {
      const [key, value] = entry
      if (value === null) copied.delete(key)
      else copied.set(key, value)
    }
    // The copy of the aggregates ends even earlier; input is read again from where the last whole flush ended.
    const aggregates = published.slice(0, Math.floor(((torn.at(-1)?.next ?? 0) / 25) * 0.8)).flat()
    const restored = createPartitionState(options, copied)
    aggregates.push(...restored.takeChanges().aggregates)
    for (const each of readings.slice(torn.at(-1)?.next ?? 0)) {
      restored.apply(each)
      aggregates.push(...(random.next() < 0.1 ? restored.takeChanges().aggregates : []))
    }
    aggregates.push(...restored.takeChanges().aggregates)
    const comparison = compareAggregates(aggregates, computeAggregates(readings, options))
    expect(comparison.reason).toMatch(/^all \d+ windows are equal$/)
  })
})
