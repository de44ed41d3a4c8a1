import type { Step } from './match-records.ts'

/**
 * Where a row of records stands in a log: the offsets of the first record of each place. A place may be cut off by the
 * end of the log. Knuth, Morris and Pratt: one pass, and nothing is held but the row.
 */
export async function findRow(
  row: readonly Step[],
  log: AsyncIterable<Step>,
  options: { readonly mayBeCutOff: boolean },
): Promise<number[]> {
  const fallbacks = fallbacksOf(row)
  const places: number[] = []
  /** Offsets of the last records, as many as the row has. */
  const offsets: number[] = []
  let equal = 0
  for await (const step of log) {
    offsets.push(step.offset)
    if (offsets.length > row.length) offsets.shift()
    while (equal > 0 && row[equal]?.digest !== step.digest) equal = fallbacks[equal - 1] ?? 0
    if (row[equal]?.digest === step.digest) equal++
    if (equal === row.length) {
      places.push(offsets[0] ?? step.offset)
      equal = fallbacks[equal - 1] ?? 0
    }
  }
  for (; options.mayBeCutOff && equal > 0; equal = fallbacks[equal - 1] ?? 0) {
    const place = offsets.at(-equal)
    if (place !== undefined) places.push(place)
  }
  return places
}

/** For each beginning of the row: how long the longest shorter beginning is that it ends with. */
function fallbacksOf(row: readonly Step[]): number[] {
  const fallbacks = [0]
  for (let at = 1, equal = 0; at < row.length; at++) {
    while (equal > 0 && row[equal]?.digest !== row[at]?.digest) equal = fallbacks[equal - 1] ?? 0
    if (row[equal]?.digest === row[at]?.digest) equal++
    fallbacks.push(equal)
  }
  return fallbacks
}
