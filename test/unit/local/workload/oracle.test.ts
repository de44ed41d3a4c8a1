import { describe, expect, it } from 'vitest'
import { type AggregateRecord, toAggregateRecord } from '../../../../src/local/workload/aggregates.ts'
import { compareAggregates, computeAggregates } from '../../../../src/local/workload/oracle.ts'
import { aggregateOf, mergeAggregates } from '../../../../src/local/workload/windows.ts'
import { reading } from './readings.ts'

const options = { windowMs: 10_000, graceMs: 5_000 }
const one = reading({ value: 0.1, at: 100_000, sequence: 1 })
const two = reading({ value: 0.2, at: 101_000, sequence: 2 })
const other = reading({ deviceId: 'mill-temperature-2', value: 7, at: 102_000, sequence: 1 })

function published(count: 'both' | 'first'): AggregateRecord[] {
  const first = aggregateOf(one, options.windowMs)
  const device = count === 'both' ? mergeAggregates(first, aggregateOf(two, options.windowMs)) : first
  const about = { site: 'mill', kind: 'temperature', isClosed: false }
  const site = { ...about, scope: 'site', subject: 'mill/temperature' } as const
  const ofDevice = (subject: string) => ({ ...about, scope: 'device', subject, part: null }) as const
  const second = aggregateOf(other, options.windowMs)
  return [
    toAggregateRecord(first, ofDevice(one.deviceId), options.windowMs),
    toAggregateRecord(device, ofDevice(one.deviceId), options.windowMs),
    toAggregateRecord(second, ofDevice(other.deviceId), options.windowMs),
    toAggregateRecord(device, { ...site, part: 0 }, options.windowMs),
    toAggregateRecord(second, { ...site, part: 5 }, options.windowMs),
  ]
}

describe('the oracle', () => {
  it('computes exact means, without the error of adding decimals', () => {
    const [window] = computeAggregates([one, two], options)
    expect(window).toEqual({
      key: 'device:mill-temperature-1:100000',
      count: 2,
      min: 0.1,
      max: 0.2,
      mean: 0.15,
      last: 0.2,
    })
  })

  it('does not depend on the order of the readings, nor on repeats', () => {
    expect(computeAggregates([other, two, one, two], options)).toEqual(computeAggregates([one, two, other], options))
  })

  it('leaves out what came after the grace period of its device', () => {
    const late = reading({ value: 99, at: 100_500, sequence: 4 })
    const readings = [one, two, reading({ at: 115_000, sequence: 3 }), late]
    const [window] = computeAggregates(readings, options)
    expect(window?.count).toBe(2)
  })

  it('puts the parts of a site together and takes the last state of each window', () => {
    const comparison = compareAggregates(published('both'), computeAggregates([one, two, other], options))
    expect(comparison).toMatchObject({ isEqual: true, equal: 3, reason: 'all 3 windows are equal' })
  })

  it('names every field that differs', () => {
    const { isEqual, differences } = compareAggregates(
      published('first'),
      computeAggregates([one, two, other], options),
    )
    expect(isEqual).toBe(false)
    const fields = differences.filter(({ key }) => key.startsWith('device:')).map(({ field }) => field)
    expect(fields).toEqual(['count', 'max', 'mean', 'last'])
  })

  it('names windows that are missing and windows that nobody expects', () => {
    const missing = compareAggregates([], computeAggregates([one], options))
    expect(missing.differences.map(({ field }) => field)).toEqual(['missing', 'missing'])
    const unexpected = compareAggregates(published('both'), [])
    expect(unexpected.differences.map(({ field }) => field)).toEqual(['unexpected', 'unexpected', 'unexpected'])
    expect(unexpected.reason).toContain('first: device:mill-temperature-1:100000 unexpected is 2')
  })
})
