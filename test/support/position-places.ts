import { type Random, randomBelow } from '../../src/core/index.ts'
import type { LoggedRecord } from './record-log.ts'

/** Where a position can stand in a log, and why that place is a hard one. */
export type Place =
  | 'zero' // below the log start where records were deleted
  | 'start'
  | 'record'
  | 'first-of-hole'
  | 'last-of-hole' // in a transactional log mostly a control record
  | 'anywhere'
  | 'last-record'
  | 'end'

export const PLACES: readonly Place[] = [
  'record',
  'first-of-hole',
  'anywhere',
  'last-of-hole',
  'zero',
  'record',
  'last-record',
  'anywhere',
  'end',
  'start',
]

/** One partition of a log: the records that consumers get, and the offsets it has beside them. */
export interface LogSpan {
  readonly records: readonly LoggedRecord[]
  readonly start: number
  readonly end: number
}

/** An offset at such a place; where the log has no holes, of a record instead. */
export function offsetAt(place: Place, span: LogSpan, random: Random): number {
  const { records, start, end } = span
  switch (place) {
    case 'zero':
      return 0
    case 'start':
      return start
    case 'end':
      return end
    case 'anywhere':
      return start + randomBelow(random, end - start + 1)
    case 'last-record':
      return records.at(-1)?.offset ?? start
    case 'record':
      return pick(records, random)?.offset ?? start
    case 'first-of-hole':
      return pick(holesOf(span), random)?.first ?? offsetAt('record', span, random)
    case 'last-of-hole':
      return pick(holesOf(span), random)?.last ?? offsetAt('record', span, random)
  }
}

interface Hole {
  readonly first: number
  readonly last: number
}

/** Runs of offsets without a record: control records, aborted ones, and what compaction or deletion took away. */
export function holesOf({ records, start, end }: LogSpan): Hole[] {
  const holes: Hole[] = []
  let next = start
  for (const offset of [...records.map(({ offset }) => offset), end]) {
    if (offset > next) holes.push({ first: next, last: offset - 1 })
    next = offset + 1
  }
  return holes
}

function pick<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[randomBelow(random, items.length)]
}
