import { isCompacted, READ_BY } from './apps.ts'
import type { ReadNote, WriteNote } from './app-notes.ts'
import type { CellReport } from './kill-scene.ts'
import { findAllLost, judgeLog, type StoredLog } from './oracle.ts'
import { findOverlaps, type Order } from './reigns.ts'

export interface KillEvidence {
  readonly begun: Order
  readonly reports: readonly CellReport[]
  readonly writes: readonly WriteNote[]
  readonly reads: readonly ReadNote[]
  /** Of the region that is active last. */
  readonly stored: StoredLog
}

export interface KillVerdict {
  /** By the name of its cell, what was wrong with it. */
  readonly problems: ReadonlyMap<string, readonly string[]>
  /** Acknowledged and gone: named by a failover, or not. */
  readonly lost: number
  readonly unnamed: number
  /** Beyond what regions were told to keep. */
  readonly repeated: number
  readonly unwritten: number
  readonly unread: number
  readonly overlaps: number
}

/**
 * Judges what the applications met over all cells. A record that is gone is laid to the move that ended the reign it was
 * written in: a lossless one may lose none, a failover no more than it has named.
 */
export function judgeCells({ begun, reports, writes, reads, stored }: KillEvidence): KillVerdict {
  const problems = new Map(reports.map((report) => [report.name, [...report.problems]]))
  const tell = (report: CellReport | undefined, problem: string) => {
    problems.get(report?.name ?? reports.at(-1)?.name ?? '')?.push(problem)
  }
  const committed = reports.filter(({ end }) => end === 'done')
  const orders = [begun, ...committed.map(({ to, orderedMs }): Order => ({ to, atMs: orderedMs }))]
  const lost = findAllLost(writes, stored, isCompacted)
  const byEnd = Map.groupBy(lost, (note) => committed[reignOf(note, orders)])
  let unnamed = 0
  for (const [report, notes] of byEnd) {
    const allowed = report?.kind === 'failover' ? report.named : 0
    if (notes.length <= allowed) continue
    unnamed += notes.length - allowed
    tell(report, `${notes.length} records are lost, ${allowed} of them named`)
  }
  const overlaps = findOverlaps(
    writes.filter((note) => !reports.some(({ open }) => isIn(note, open))),
    orders,
  )
  for (const { note, awayMs } of overlaps) {
    tell(lastBefore(reports, note.sentMs), `${note.region} took ${note.id}, ${Math.round(awayMs)} ms from its reign`)
  }
  const unread = findUnread(writes, reads, new Set(lost.map(({ id }) => id)))
  for (const [report, notes] of Map.groupBy(unread, (note) => lastBefore(reports, note.sentMs))) {
    tell(report, `${notes.length} records were skipped by readers`)
  }
  for (const [at, report] of reports.entries()) {
    const active = report.end === 'done' ? report.to : report.from
    const untilMs = reports[at + 1]?.orderedMs ?? Number.POSITIVE_INFINITY
    const isOpen = writes.some(({ verdict, region, sentMs, answeredMs }) => {
      return verdict === 'kept' && region === active && sentMs >= report.endedMs && answeredMs <= untilMs
    })
    if (!isOpen) tell(report, `nobody could write to ${active} after it`)
  }
  const { repeated: found, unwritten } = judgeLog(writes, stored, isCompacted)
  const kept = reports.reduce((sum, report) => sum + report.kept, 0)
  const repeated = Math.max(0, found - kept)
  return { problems, lost: lost.length, unnamed, repeated, unwritten, unread: unread.length, overlaps: overlaps.length }
}

/** Place of the order that made the note's region active when it was written. */
function reignOf({ region, answeredMs }: WriteNote, orders: readonly Order[]): number {
  return orders.findLastIndex(({ to, atMs }) => to === region && atMs <= answeredMs)
}

function isIn({ region, sentMs, answeredMs }: WriteNote, open: CellReport['open']): boolean {
  return open !== undefined && region === open.region && answeredMs >= open.fromMs && sentMs <= open.untilMs
}

function lastBefore(reports: readonly CellReport[], atMs: number): CellReport | undefined {
  return reports.findLast(({ orderedMs }) => orderedMs <= atMs)
}

/** Kept, there, and never read by a group that reads its topic. */
function findUnread(writes: readonly WriteNote[], reads: readonly ReadNote[], lost: ReadonlySet<string>): WriteNote[] {
  return [...READ_BY].flatMap(([group, topics]) => {
    const known = new Set(reads.filter((note) => note.group === group).map(({ id }) => id))
    return writes.filter(({ verdict, topic, id }) => {
      return verdict === 'kept' && topics.includes(topic) && !isCompacted(topic) && !lost.has(id) && !known.has(id)
    })
  })
}
