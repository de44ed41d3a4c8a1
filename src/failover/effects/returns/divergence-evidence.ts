import type { Divergence, ForkedPartition } from '../../../replication/index.ts'
import type { Json } from '../../outcome.ts'
import { toJson } from '../outcomes.ts'
import type { EndedInReturn } from './settle-lost.ts'

/**
 * What a scan found, small enough for a document of 512 KiB: totals are exact however many partitions there are; of the
 * partitions that diverged as many rows as there is room for; and of the first few everything that was found.
 */
export interface DivergenceEvidence {
  readonly totals: DivergenceTotals
  /** By topic: `[partition, from, to, records, bytes, onlyHere]`, offsets half-open. */
  readonly topics: readonly { readonly topic: string; readonly rows: readonly Row[] }[]
  /** Partitions that diverged and for which there was no room. */
  readonly rowsLeftOut: number
  readonly samples: readonly Divergence[]
  /** Transactions that were open in the region and that the return has ended: the first ones, and how many there were. */
  readonly ended?: readonly EndedInReturn[]
  readonly endedTotal?: number
}

export interface DivergenceTotals {
  readonly records: number
  readonly bytes: number
  /** That hold records which the active region lacks. */
  readonly partitions: number
  readonly topics: number
  readonly onlyHere: number
  readonly keysInConflict: number
  /** Partitions in which a transaction was copied in part. */
  readonly cutTransactions: number
  readonly firstTimestampMs: number | null
  readonly lastTimestampMs: number | null
  /** Offsets of the active region that a re-seed would copy again. */
  readonly recopyOffsets: number
  /** Topics that a re-seed would delete and copy as a whole. */
  readonly wholeTopics: number
}

type Row = readonly [partition: number, from: number, to: number, records: number, bytes: number, onlyHere: number]

const ROWS_MAX = 5_000
const SAMPLES_MAX = 80
const ENDED_MAX = 200
const KEY_TEXT_MAX = 64

export function packDivergence(
  found: readonly Divergence[],
  forked: readonly ForkedPartition[],
  ended: readonly EndedInReturn[],
): { readonly evidence: Json; readonly totals: DivergenceTotals } {
  const diverged = found.filter(({ records, onlyHere }) => records > 0 || onlyHere > 0).sort(byName)
  const rows = Map.groupBy(diverged.slice(0, ROWS_MAX), ({ topic }) => topic)
  const totals = sumUp(diverged, forked)
  const evidence: DivergenceEvidence = {
    totals,
    topics: [...rows].map(([topic, of]) => ({ topic, rows: of.map(rowOf) })),
    rowsLeftOut: Math.max(0, diverged.length - ROWS_MAX),
    samples: diverged.slice(0, SAMPLES_MAX).map((one) => ({ ...one, sampleKeys: one.sampleKeys.map(shortened) })),
    ended: ended.slice(0, ENDED_MAX),
    endedTotal: ended.length,
  }
  return { evidence: toJson(evidence), totals }
}

export function unpackDivergence(evidence: Json): DivergenceEvidence {
  return evidence as unknown as DivergenceEvidence
}

function sumUp(found: readonly Divergence[], forked: readonly ForkedPartition[]): DivergenceTotals {
  const diverged = found.filter(({ records }) => records > 0)
  const sum = (of: (one: Divergence) => number) => found.reduce((total, one) => total + of(one), 0)
  const times = diverged.flatMap(({ firstTimestampMs, lastTimestampMs }) => {
    return firstTimestampMs === null || lastTimestampMs === null ? [] : [{ firstTimestampMs, lastTimestampMs }]
  })
  const byTopic = Map.groupBy(diverged, ({ topic }) => topic)
  const plans = planReseed(forked, new Set(diverged.map(nameOf)))
  const again = plans.flatMap(({ partitions }) => partitions)
  return {
    records: sum(({ records }) => records),
    bytes: sum(({ bytes }) => bytes),
    partitions: diverged.length,
    topics: byTopic.size,
    onlyHere: sum(({ onlyHere }) => onlyHere),
    keysInConflict: sum(({ keysInConflict }) => keysInConflict),
    cutTransactions: diverged.filter(({ cutTransactions }) => cutTransactions.length > 0).length,
    firstTimestampMs: least(times.map((one) => one.firstTimestampMs)),
    lastTimestampMs: least(
      times.map((one) => -one.lastTimestampMs),
      -1,
    ),
    recopyOffsets: again.reduce(
      (total, { active }) => total + (active === undefined ? 0 : active.end - active.logStart),
      0,
    ),
    wholeTopics: plans.filter(({ isWhole }) => isWhole).length,
  }
}

/** A topic of which something is copied again. */
export interface PlannedReseed {
  readonly topic: string
  readonly topicId: string
  /** It is deleted and made again: its offsets become those of the active region. */
  readonly isWhole: boolean
  /** What is copied again, or goes with its topic. */
  readonly partitions: readonly ForkedPartition[]
}

/**
 * Pure: what of a region is copied again. A topic as a whole where all of it has diverged, where nothing ties a partition
 * that has to the active region, or where that one has no such topic; else only the partitions that have.
 */
export function planReseed(forked: readonly ForkedPartition[], diverged: ReadonlySet<string>): PlannedReseed[] {
  const planned: PlannedReseed[] = []
  for (const [topicId, partitions] of Map.groupBy(forked, (one) => one.topicId)) {
    const due = partitions.filter((one) => diverged.has(nameOf(one)))
    const [first] = due
    if (first === undefined) continue
    const holding = partitions.filter(({ end, logStart }) => end > logStart)
    const isAll = holding.every((one) => diverged.has(nameOf(one)))
    const isWhole = isAll || due.some(({ tie, active }) => tie === undefined || active === undefined)
    planned.push({ topic: first.topic, topicId, isWhole, partitions: isWhole ? partitions : due })
  }
  return planned
}

export function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`
}

function rowOf({ partition, from, to, records, bytes, onlyHere }: Divergence): Row {
  return [partition, from, to, records, bytes, onlyHere]
}

function shortened(key: string | null): string | null {
  return key === null || key.length <= KEY_TEXT_MAX ? key : `${key.slice(0, KEY_TEXT_MAX)}…`
}

function least(values: readonly number[], sign = 1): number | null {
  return values.length === 0 ? null : sign * values.reduce((one, other) => Math.min(one, other))
}

function byName(one: Divergence, other: Divergence): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1
  return one.partition - other.partition
}
