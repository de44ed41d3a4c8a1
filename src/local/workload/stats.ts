import type { SourceStats } from './record-source.ts'

/** The counters of several sources as if they were one; the last error is that of any that fails now. */
export function sumStats(all: readonly SourceStats[]): SourceStats {
  const sum = (read: (stats: SourceStats) => number) => all.reduce((total, stats) => total + read(stats), 0)
  return {
    produced: sum((stats) => stats.produced),
    acknowledged: sum((stats) => stats.acknowledged),
    deadLettered: sum((stats) => stats.deadLettered),
    skipped: sum((stats) => stats.skipped),
    failedSends: sum((stats) => stats.failedSends),
    buffered: sum((stats) => stats.buffered),
    lastError: all.find((stats) => stats.lastError !== undefined)?.lastError,
  }
}
