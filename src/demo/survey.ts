import { pause, systemClock } from '../core/index.ts'
import {
  compareAggregates,
  computeAggregates,
  DEFAULT_WINDOWS,
  type LocalRegion,
  readAggregates,
  readReadings,
  readTopic,
  TOPICS,
} from '../local/index.ts'
import type { Logs } from './judge-landing.ts'
import { clientOf, USERS } from './regions.ts'
import type { Stage } from './stage.ts'

const SETTLE_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 500

export interface Settled {
  readonly isEqual: boolean
  /** Windows that are equal. */
  readonly windows: number
  readonly reason: string
}

/**
 * Stops the sources for a moment and waits until what the analytics have published is what the oracle makes of the
 * readings that the region holds, window by window.
 */
export async function settleAggregates(stage: Stage, region: LocalRegion, signal: AbortSignal): Promise<Settled> {
  const { fleet, weather } = stage.workload
  await Promise.all([fleet.stop(), weather.stop()])
  try {
    const kafka = clientOf(region, USERS.isthmus)
    const expected = computeAggregates(await readReadings(kafka, { signal }), DEFAULT_WINDOWS)
    const startedMs = systemClock.monotonicMs()
    for (;;) {
      const { isEqual, equal, reason } = compareAggregates(await readAggregates(kafka, { signal }), expected)
      const isOver = isEqual || systemClock.monotonicMs() - startedMs > SETTLE_WITHIN_MS
      if (isOver) return { isEqual: isEqual && equal > 0, windows: equal, reason }
      await pause(systemClock, LOOK_EVERY_MS, signal)
    }
  } finally {
    const kafka = clientOf(region, USERS.application)
    await Promise.all([fleet.start(kafka, signal), weather.start(kafka, signal)])
  }
}

/** All committed records of some topics. */
export async function readLogs(region: LocalRegion, topics: readonly string[], signal: AbortSignal): Promise<Logs> {
  const kafka = clientOf(region, USERS.isthmus)
  const logs = topics.map(async (topic) => [topic, await readTopic(kafka, topic, { signal })] as const)
  return new Map(await Promise.all(logs))
}

/** What groups of the workload read. */
export const READ_TOPICS = [TOPICS.readings, TOPICS.weather]
export const ALL_TOPICS = Object.values(TOPICS)
