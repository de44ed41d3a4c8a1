import { describe, expect, it } from 'vitest'
import {
  createReadingGenerator,
  type GeneratedRecord,
  type ReadingGeneratorOptions,
} from '../../../../src/local/workload/reading-generator.ts'
import { readingRecords } from '../../../../src/local/workload/schemas.ts'
import { SIGNALS } from '../../../../src/local/workload/signals.ts'

const options: ReadingGeneratorOptions = {
  seed: 7,
  site: 'mill',
  devices: 4,
  firstSequence: 1_000,
  malformedShare: 0.1,
  anomalyShare: 0.05,
  lateShare: 0.1,
  lateMostMs: 9_000,
  growAfterReadings: 20,
}

function generate(count: number, changes: Partial<ReadingGeneratorOptions> = {}): GeneratedRecord[] {
  const generator = createReadingGenerator({ ...options, ...changes })
  return Array.from({ length: count }, (_, index) => generator.next(1_700_000_000_000 + index * 100)).flat()
}

const readingsOf = (records: readonly GeneratedRecord[]) =>
  records.flatMap((record) => (record.kind === 'reading' ? [record] : []))
const malformedOf = (records: readonly GeneratedRecord[]) =>
  records.flatMap((record) => (record.kind === 'malformed' ? [record] : []))

describe('the generator of readings', () => {
  it('gives the same records for the same seed', () => {
    expect(generate(400)).toEqual(generate(400))
  })

  it('gives other values for another seed or site', () => {
    expect(generate(40)).not.toEqual(generate(40, { seed: 8 }))
    const values = (site: string) => readingsOf(generate(40, { site })).map(({ reading }) => reading.value)
    expect(values('mill')).not.toEqual(values('quarry'))
  })

  it('numbers the readings of each device without holes, broken copies aside', () => {
    const byDevice = Map.groupBy(readingsOf(generate(200)), ({ reading }) => reading.deviceId)
    expect(byDevice.size).toBe(4)
    for (const readings of byDevice.values()) {
      expect(readings.map(({ reading }) => reading.sequence)).toEqual(readings.map((_, index) => 1_000 + index))
    }
  })

  it('makes every reading match the schema of its version, with three decimals and in the range of its kind', () => {
    for (const { reading, version } of readingsOf(generate(400))) {
      expect(readingRecords.checkValue(reading, version).ok).toBe(true)
      expect(Math.round(reading.value * 1000) / 1000).toBe(reading.value)
      const [least, most] = SIGNALS[reading.kind].range
      expect(reading.value).toBeGreaterThanOrEqual(least)
      expect(reading.value).toBeLessThanOrEqual(most)
    }
  })

  it('makes every broken copy fail its schema, some checked at the source and some not', () => {
    const malformed = malformedOf(generate(1_000))
    expect(malformed.length).toBeGreaterThan(60)
    for (const { value, version } of malformed) {
      expect(readingRecords.checkBytes(Buffer.from(value), String(version)).ok).toBe(false)
    }
    expect(new Set(malformed.map(({ isChecked }) => isChecked))).toEqual(new Set([true, false]))
  })

  it('grows the schema after the given number of readings of a device, and leaves the new field out now and then', () => {
    const [one = []] = Map.groupBy(readingsOf(generate(200)), ({ reading }) => reading.deviceId).values()
    expect(one.slice(0, 20).every(({ version, reading }) => version === 1 && !('battery' in reading))).toBe(true)
    const grown = one.slice(20)
    expect(grown.every(({ version }) => version === 2)).toBe(true)
    expect(new Set(grown.map(({ reading }) => 'battery' in reading))).toEqual(new Set([true, false]))
  })

  it('raises alerts by values beyond their limits, at about the share asked for', () => {
    const readings = readingsOf(generate(2_000, { lateShare: 0 }))
    const beyond = readings.filter(({ reading: { kind, value } }) => {
      const [least, most] = SIGNALS[kind].limits
      return value < least || value > most
    })
    expect(beyond.length / readings.length).toBeGreaterThan(0.02)
    expect(beyond.length / readings.length).toBeLessThan(0.1)
  })
})
