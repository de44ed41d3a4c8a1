import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../src/kafka/index.ts'
import { readUsage } from './process-usage.ts'

/** A process that copies. */
export interface Copier {
  readonly pid: number
  readonly isRunning: boolean
  /** The end of its log. */
  readonly log: readonly string[]
}

export interface CopyMeasurement {
  readonly seconds: number
  readonly recordsPerSecond: number
  /** Used between the first and the last record on the target. */
  readonly cpuSeconds: number
  /** Largest resident set, from the start of the process on. */
  readonly peakBytes: number
}

const EVERY_MS = 50
const LAST_LINES_MS = 500

/** Measures from the moment the first record is on the target until the last one is. */
export async function measureCopy(
  copier: Copier,
  copy: {
    readonly cluster: Cluster
    readonly topic: string
    readonly partitions: number
    readonly records: number
    readonly limitMs: number
  },
  signal: AbortSignal,
): Promise<CopyMeasurement> {
  const endsAtMs = performance.now() + copy.limitMs
  let first: { readonly atMs: number; readonly count: number; readonly cpuSeconds: number } | undefined
  for (let count = 0; ; await sleep(EVERY_MS, undefined, { signal })) {
    if (!copier.isRunning) throw await explain(copier, 'the copying process ended', signal)
    if (performance.now() > endsAtMs) {
      throw await explain(copier, `${count} of ${copy.records} records copied in time`, signal)
    }
    count = await countTarget(copy, signal)
    const atMs = performance.now()
    if (count > 0 && first === undefined) first = { atMs, count, ...readUsage(copier.pid) }
    if (count < copy.records || first === undefined) continue
    const usage = readUsage(copier.pid)
    const seconds = (atMs - first.atMs) / 1_000
    return {
      seconds,
      recordsPerSecond: (count - first.count) / seconds,
      cpuSeconds: usage.cpuSeconds - first.cpuSeconds,
      peakBytes: usage.peakBytes,
    }
  }
}

/** Its last lines arrive after its end. */
async function explain(copier: Copier, what: string, signal: AbortSignal): Promise<Error> {
  await sleep(LAST_LINES_MS, undefined, { signal })
  return new Error(`${what}:\n${copier.log.slice(-20).join('\n')}`)
}

/** End offsets are records here: a fresh copy of plain records has no markers. Zero while the topic is not there. */
async function countTarget(
  { cluster, topic, partitions }: { cluster: Cluster; topic: string; partitions: number },
  signal: AbortSignal,
): Promise<number> {
  const wanted = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, timestamp: -1 }))
  const query = { isolation: 'read_uncommitted' as const, partitions: wanted, deadlineMs: 0 }
  const listed = await cluster.listOffsets(query, signal)
  return listed.reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
}
