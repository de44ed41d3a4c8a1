/**
 * The plain truth about a copy, from nothing but the list of its records: no segments, no arithmetic.
 */
import type { Lookup, Segment } from '../../../../src/replication/offset-map/index.ts'

/** One record, by where it is on both sides. */
export type CopiedRecord = Segment

type Side = 'source' | 'target'

/** By definition: where the first record at or after an offset is on the other side. */
export function firstAtOrAfter(records: readonly CopiedRecord[], side: Side, offset: number): Lookup | undefined {
  const record = records.find((candidate) => candidate[side] >= offset)
  if (record === undefined) return undefined
  return { offset: record[side === 'source' ? 'target' : 'source'], note: record[side] === offset ? 'exact' : 'hole' }
}

export interface Range {
  readonly start: Segment
  readonly end: Segment
}

/**
 * Every offset in a range where a map and the truth differ; empty for an exact map. Before the first record in the
 * range a map may say `before-start` instead of `hole`: it need not go back further than that record.
 */
export async function disagreements(
  records: readonly CopiedRecord[],
  { start, end }: Range,
  lookUp: (side: Side, offset: number) => Promise<Lookup>,
): Promise<string[]> {
  const found: string[] = []
  for (const side of ['source', 'target'] as const) {
    for (let offset = start[side]; offset < end[side]; offset += 1) {
      const truth = firstAtOrAfter(records, side, offset)
      const answer = await lookUp(side, offset)
      const isBeforeAll = !records.some((record) => record[side] >= start[side] && record[side] <= offset)
      if (truth === undefined) throw new Error(`no record at or after ${side} offset ${offset}: the range is too long`)
      if (
        answer.offset !== truth.offset ||
        !(answer.note === truth.note || (isBeforeAll && answer.note === 'before-start'))
      ) {
        found.push(`${side} ${offset}: ${answer.offset} (${answer.note}) instead of ${truth.offset} (${truth.note})`)
      }
    }
  }
  return found
}
