import type { SensorReading, TopicRecord } from '../local/index.ts'
import type { Logs } from './judge-landing.ts'

export interface Loss {
  /** Records that the lost region holds and the new active one does not. */
  readonly records: number
  readonly partitions: number
}

/** What a failover lost, found out from both logs alone: records are the same where all but their offset is. */
export function countLoss(lost: Logs, active: Logs): Loss {
  const partitions = new Set<string>()
  let count = 0
  for (const [topic, records] of lost) {
    const held = countIdentities(active.get(topic) ?? [])
    for (const record of records) {
      const identity = identityOf(record)
      const left = held.get(identity) ?? 0
      if (left > 0) {
        held.set(identity, left - 1)
        continue
      }
      partitions.add(`${topic}-${record.partition}`)
      count++
    }
  }
  return { records: count, partitions: partitions.size }
}

/** The logs without what is not in the other region. */
export function keepCommon(logs: Logs, other: Logs): Logs {
  return new Map(
    [...logs].map(([topic, records]) => {
      const held = countIdentities(other.get(topic) ?? [])
      return [topic, records.filter((record) => held.has(identityOf(record)))]
    }),
  )
}

/** Readings that were acknowledged and are not among those that a region holds. */
export function missingReadings(
  acknowledged: readonly SensorReading[],
  held: readonly SensorReading[],
): SensorReading[] {
  const known = new Set(held.map(readingName))
  return acknowledged.filter((reading) => !known.has(readingName(reading)))
}

function readingName({ deviceId, sequence }: SensorReading): string {
  return `${deviceId}/${sequence}`
}

function countIdentities(records: readonly TopicRecord[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const record of records) {
    const identity = identityOf(record)
    counts.set(identity, (counts.get(identity) ?? 0) + 1)
  }
  return counts
}

function identityOf({ partition, timestampMs, key, value }: TopicRecord): string {
  return `${partition} ${timestampMs} ${key} ${value?.toString('base64')}`
}
