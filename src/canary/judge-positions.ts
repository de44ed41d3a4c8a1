import { errorName, type GroupOffsets } from '../kafka/index.ts'
import { type PartitionRef, placeOf } from './partition-bounds.ts'

type Bounds = ReadonlyMap<string, { readonly offset: number }>

export interface JudgedPositions {
  /** Positions looked at. */
  readonly tried: number
  /** As `group topic-partition: reason`. */
  readonly wrong: readonly string[]
  /** By `topic-partition`, where reading begins: the lowest position of any group, else the start of the log. */
  readonly begin: ReadonlyMap<string, number>
}

/** Whether the positions that groups have lie inside of the logs. Pure. */
export function judgePositions(found: {
  readonly refs: readonly PartitionRef[]
  readonly starts: Bounds
  /** What any reader may have reached, committed or not. */
  readonly ends: Bounds
  readonly offsets: readonly GroupOffsets[]
}): JudgedPositions {
  const { refs, starts, ends, offsets } = found
  const begin = new Map(refs.map((ref) => [placeOf(ref), starts.get(placeOf(ref))?.offset ?? 0]))
  const lowest = new Map<string, number>()
  const wrong: string[] = []
  let tried = 0
  for (const { groupId, errorCode, positions } of offsets) {
    if (errorCode !== 0) wrong.push(`${groupId}: its positions are not told (${errorName(errorCode)})`)
    for (const position of positions) {
      const place = placeOf(position)
      const start = begin.get(place)
      if (start === undefined) continue
      tried++
      const reason = explainWrong(position, start, ends.get(place)?.offset)
      if (reason === undefined) lowest.set(place, Math.min(lowest.get(place) ?? position.offset, position.offset))
      else wrong.push(`${groupId} ${place}: ${reason}`)
    }
  }
  return { tried, wrong, begin: new Map([...begin, ...lowest]) }
}

function explainWrong(
  { offset, errorCode }: GroupOffsets['positions'][number],
  start: number,
  end: number | undefined,
): string | undefined {
  if (errorCode !== 0) return errorName(errorCode)
  if (end === undefined) return 'the end of the log is not told'
  if (offset < start) return `${offset} lies below the log, which starts at ${start}`
  return offset > end ? `${offset} lies beyond the log, which ends at ${end}` : undefined
}
