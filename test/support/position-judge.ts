import type { LoggedRecord, RecordLog } from './record-log.ts'

/**
 * Judges translated positions by what a consumer reads from them, never by the offsets: a pair is right if what is left
 * to read from it is the same on both sides, record by record. It does not matter which of the two was translated.
 */
export interface PositionPair {
  /** As `RecordLog` names it. */
  readonly partition: string
  /** Undefined where that side has no position. */
  readonly source: number | undefined
  readonly target: number | undefined
}

export interface PositionVerdict {
  readonly checked: number
  /** Pairs whose two offsets are not the same number: only they show that anything was translated. */
  readonly differing: number
  readonly wrong: number
  readonly missing: number
  /** A sentence on each of the first pairs that are wrong or missing. */
  readonly findings: readonly string[]
}

export interface BothSides {
  readonly source: RecordLog
  readonly target: RecordLog
}

const FINDINGS_MOST = 10

export function judgePositions(sides: BothSides, pairs: readonly PositionPair[]): PositionVerdict {
  const sameTails = new Map<string, number>()
  const findings: string[] = []
  const count = { checked: 0, differing: 0, wrong: 0, missing: 0 }
  for (const { partition, source, target } of pairs) {
    count.checked++
    const place = `${partition}: source ${source ?? 'none'}, target ${target ?? 'none'}`
    if (source === undefined || target === undefined) {
      count.missing++
      findings.push(`${place}: a position is missing`)
      continue
    }
    if (source !== target) count.differing++
    const before = sides.source.get(partition) ?? []
    const after = sides.target.get(partition) ?? []
    const sameTail = sameTails.get(partition) ?? countSameTail(before, after)
    sameTails.set(partition, sameTail)
    const leftBefore = before.length - indexAtOrAfter(before, source)
    const leftAfter = after.length - indexAtOrAfter(after, target)
    if (leftBefore === leftAfter && leftBefore <= sameTail) continue
    count.wrong++
    findings.push(`${place}: ${leftBefore} and ${leftAfter} records left to read, the last ${sameTail} of them equal`)
  }
  return { ...count, findings: findings.slice(0, FINDINGS_MOST) }
}

/** Index of the first record at or after an offset; the log's length where there is none. */
export function indexAtOrAfter(records: readonly LoggedRecord[], offset: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Records that are the same on both sides, counted from the end. */
function countSameTail(source: readonly LoggedRecord[], target: readonly LoggedRecord[]): number {
  const most = Math.min(source.length, target.length)
  let same = 0
  while (same < most && isSame(source[source.length - 1 - same], target[target.length - 1 - same])) same++
  return same
}

function isSame(one: LoggedRecord | undefined, other: LoggedRecord | undefined): boolean {
  return one !== undefined && one.timestamp === other?.timestamp && one.digest === other.digest
}
