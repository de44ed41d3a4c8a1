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

type Finder = (span: LogSpan, random: Random) => number

const anyRecord: Finder = ({ records, start }, random) => pick(records, random)?.offset ?? start

const FINDERS: Readonly<Record<Place, Finder>> = {
  zero: () => 0,
  start: ({ start }) => start,
  record: anyRecord,
  'first-of-hole': (span, random) => pick(holesOf(span), random)?.first ?? anyRecord(span, random),
  'last-of-hole': (span, random) => pick(holesOf(span), random)?.last ?? anyRecord(span, random),
  anywhere: ({ start, end }, random) => start + randomBelow(random, end - start + 1),
  'last-record': ({ records, start }) => records.at(-1)?.offset ?? start,
  end: ({ end }) => end,
}

/** An offset at such a place; where the log has no holes, of a record instead. */
export function offsetAt(place: Place, span: LogSpan, random: Random): number {
  return FINDERS[place](span, random)
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
