import { seededRandom } from '../../../../src/core/index.ts'
import type { SensorReading } from '../../../../src/local/workload/index.ts'

/** A reading of a device, with plain defaults. */
export function reading(changes: Partial<SensorReading> = {}): SensorReading {
  return {
    deviceId: 'mill-temperature-1',
    site: 'mill',
    kind: 'temperature',
    value: 20,
    unit: 'C',
    at: 100_000,
    sequence: 1,
    ...changes,
  }
}

/** Readings of several devices, some far out of order, each device numbered from 1. */
export function scatteredReadings(seed: number, count: number): SensorReading[] {
  const random = seededRandom(seed)
  const sent = new Map<string, number>()
  return Array.from({ length: count }, (_, index) => {
    const device = Math.floor(random.next() * 5)
    const deviceId = `mill-temperature-${device}`
    const sequence = (sent.get(deviceId) ?? 0) + 1
    sent.set(deviceId, sequence)
    const lateMs = random.next() < 0.2 ? Math.floor(random.next() * 30_000) : 0
    const site = device < 3 ? 'mill' : 'quarry'
    const value = Math.round(random.next() * 40_000) / 1000
    return reading({ deviceId, site, sequence, value, at: 1_000_000 + index * 150 - lateMs })
  })
}
