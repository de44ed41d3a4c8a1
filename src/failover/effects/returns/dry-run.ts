import type { SalvageChoice } from '../../returns/return-record.ts'
import type { DivergenceTotals } from './divergence-evidence.ts'

/** What a choice would do, told from the scan: nothing is looked at anew. */
export interface ChoiceDryRun {
  readonly kind: SalvageChoice['kind']
  /** To topics of their own on the active region. */
  readonly writesOut: Amount
  /** To the active region's own topics, as late records. */
  readonly appends: Amount
  /** Gone from everywhere. */
  readonly destroys: Amount
  /** Over the link; bytes are an estimate by the size of the records that diverged. */
  readonly copiesAgain: Amount
  /** Keys that were written on the active region since: appended, the older value comes behind the newer one. */
  readonly keysInConflict: number
  /** Records below the fork that it would destroy as well: refused unless that is allowed. */
  readonly losesOlder: number
}

export interface Amount {
  readonly records: number
  readonly bytes: number
}

const NONE: Amount = { records: 0, bytes: 0 }

/** Pure: every choice there is. */
export function describeChoices(totals: DivergenceTotals): ChoiceDryRun[] {
  const { records, bytes, recopyOffsets, keysInConflict, onlyHere } = totals
  const tail = { records, bytes }
  const mean = records === 0 ? 0 : bytes / records
  const copiesAgain = { records: recopyOffsets, bytes: Math.round(recopyOffsets * mean) }
  const reseeds = { destroys: NONE, copiesAgain, losesOlder: onlyHere }
  return [
    { kind: 'export', writesOut: tail, appends: NONE, keysInConflict: 0, ...reseeds },
    { kind: 'replay', writesOut: tail, appends: tail, keysInConflict, ...reseeds },
    { kind: 'keep', writesOut: tail, appends: tail, keysInConflict, destroys: NONE, copiesAgain: NONE, losesOlder: 0 },
    { kind: 'discard', writesOut: NONE, appends: NONE, keysInConflict: 0, ...reseeds, destroys: tail },
  ]
}
