import type { CopyMeasurement } from './measure-copy.ts'

/** Ours divided by the peer's: throughput is better above 1, CPU and memory are better below. */
export interface Ratios {
  readonly throughput: number
  readonly cpu: number
  readonly memory: number
}

/** The median of our runs against the peer's fastest run, with what that very run used. */
export function compareCopiers(own: readonly CopyMeasurement[], peer: readonly CopyMeasurement[]): Ratios {
  const [best] = peer.toSorted((a, b) => b.recordsPerSecond - a.recordsPerSecond)
  const ratio = (pick: (measurement: CopyMeasurement) => number) =>
    best === undefined ? Number.NaN : round(median(own.map(pick)) / pick(best))
  return {
    throughput: ratio(({ recordsPerSecond }) => recordsPerSecond),
    cpu: ratio(({ cpuSeconds }) => cpuSeconds),
    memory: ratio(({ peakBytes }) => peakBytes),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
