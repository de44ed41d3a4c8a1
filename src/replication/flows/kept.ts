import { type FlowMap, SEGMENT_CAUSES, type Segment } from '../offset-map/index.ts'

/** Where a copy ends on both sides. */
export interface CopiedEnd extends Segment {
  /** The log ends with records of the target's own that stay there: nothing was copied behind them yet. */
  readonly isKept: boolean
  /** Just behind the last record that was copied: what `segmentsBetween` takes as its `end`. */
  readonly records: Segment
}

/** The end of a copy whose log holds data up to `dataEnd`. */
export async function findCopiedEnd(map: FlowMap, dataEnd: number, signal: AbortSignal): Promise<CopiedEnd> {
  const copied = await map.findEnd(dataEnd, signal)
  const { source, target, causes } = map.lastSegment
  const isUncopied = dataEnd > copied.target || dataEnd <= map.firstSegment.target
  const isKept = (causes & SEGMENT_CAUSES.kept) !== 0 && isUncopied && dataEnd <= target
  return isKept ? { source, target, isKept, records: copied } : { ...copied, isKept, records: copied }
}
