import type { RegionName } from '../core/index.ts'
import type { StreamReport } from '../failover/index.ts'

/** What a stream has seen, and what the log of the active region held at its end. Times are monotonic milliseconds. */
export interface SeenStream {
  readonly attempted: number
  /** By number. A leg is a stay in one region, counted from 0. */
  readonly acknowledged: ReadonlyMap<number, { readonly leg: number; readonly answeredMs: number }>
  /** By reason. */
  readonly refused: ReadonlyMap<string, number>
  readonly unknown: number
  readonly overlaps: number
  /** The region of each leg. */
  readonly legs: readonly RegionName[]
  /** What the consumer group was given, by number: when for the first time, and how often. */
  readonly reads: ReadonlyMap<number, { readonly atMs: number; readonly times: number }>
}

/** By partition, the numbers in the order of the log. */
export interface StreamLog {
  readonly numbers: ReadonlyMap<number, readonly number[]>
  readonly damaged: number
}

/** Counts. Pure. An unknown write counts as nothing else, whether it is in the log or not. */
export function judgeStream(seen: SeenStream, log: StreamLog): StreamReport {
  const { attempted, acknowledged, refused, unknown, overlaps, reads } = seen
  const stored = new Map<number, number>()
  for (const number of [...log.numbers.values()].flat()) stored.set(number, (stored.get(number) ?? 0) + 1)
  const lostAtMs = [...acknowledged].flatMap(([number, { answeredMs }]) => (stored.has(number) ? [] : [answeredMs]))
  return {
    attempted,
    acknowledged: acknowledged.size,
    refused: Object.fromEntries(refused),
    unknown,
    lost: lostAtMs.length,
    lostSpanMs: lostAtMs.length === 0 ? 0 : Math.round(largest(lostAtMs) - smallest(lostAtMs)),
    repeated: sum([...stored.values()].map((times) => times - 1)),
    reordered: sum([...log.numbers.values()].map((numbers) => countReordered(numbers, acknowledged))),
    damaged: log.damaged,
    overlaps,
    readAgain: sum([...reads.values()].map(({ times }) => times - 1)),
    unread: [...acknowledged.keys()].filter((number) => stored.has(number) && !reads.has(number)).length,
    moves: seen.legs.slice(1).map((to, index) => judgeMove(seen, to, index + 1)),
  }
}

/** Of one partition: those that stand behind one that was written after they were acknowledged. */
function countReordered(numbers: readonly number[], acknowledged: SeenStream['acknowledged']): number {
  let highest = -1
  let reordered = 0
  const met = new Set<number>()
  for (const number of numbers) {
    // One that nobody has acknowledged may have arrived at any time; one that comes again is counted as that.
    if (!acknowledged.has(number) || met.has(number)) continue
    met.add(number)
    if (number < highest) reordered++
    highest = Math.max(highest, number)
  }
  return reordered
}

function judgeMove({ acknowledged, reads }: SeenStream, to: RegionName, leg: number): StreamReport['moves'][number] {
  const before: number[] = []
  const here: number[] = []
  const readHere: number[] = []
  for (const [number, write] of acknowledged) {
    if (write.leg < leg) before.push(write.answeredMs)
    if (write.leg !== leg) continue
    here.push(write.answeredMs)
    const read = reads.get(number)
    if (read !== undefined) readHere.push(read.atMs)
  }
  const firstMs = smallest(here)
  return {
    to,
    writePauseMs: here.length === 0 || before.length === 0 ? null : Math.max(0, Math.round(firstMs - largest(before))),
    firstReadAfterMs: readHere.length === 0 ? null : Math.max(0, Math.round(smallest(readHere) - firstMs)),
  }
}

// Not Math.min and Math.max over the whole list: a long stream has more numbers than a call may have arguments.
function smallest(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY)
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), Number.NEGATIVE_INFINITY)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
