/**
 * Finds the offset map of a copy again from the records of both logs alone.
 *
 * Given are the committed records of the source and all records of the target, each complete and in order, from two
 * records on that are known to belong together. Then nothing is left to choose: where nothing was compacted away, the
 * n-th record of the target is the n-th of the source, and any record that is not equal proves that the target is no
 * copy. Equal records in a row are told apart by their place.
 *
 * Where compaction has run, either side may lack records. Records with the same key, value, headers and timestamp
 * belong together; between two such pairs each record that only one side has must have had its counterpart among the
 * offsets that are empty on the other side. That is certain where both sides have exactly as many offsets there, none of
 * them a marker, and one of the sides has no empty ones; everything else is refused by its first offset.
 *
 * Answers pairs of offsets run by run; does not read, and does not write the map.
 */
import { type AttributedSegment, SEGMENT_CAUSES, segmentsBetween } from '../offset-map/index.ts'

/** A record and what lies before it, back to the record before. */
export interface Step {
  readonly offset: number
  /** Of key, value, headers and timestamp. */
  readonly digest: string
  /** Offsets of control records and of aborted ones, between the record before and this one. */
  readonly control: number
  readonly aborted: number
}

export interface MatchInput {
  readonly source: AsyncIterable<Step>
  readonly target: AsyncIterable<Step>
  readonly isCompacted: boolean
}

/** Just behind the last record of the target, on both sides. */
export interface MatchEnd {
  readonly source: number
  readonly target: number
  readonly records: number
}

/** Why the target is not known to be a copy. */
export class MatchRefusal extends Error {
  readonly sourceOffset: number | undefined
  readonly targetOffset: number | undefined

  constructor(
    why: string,
    at: { readonly sourceOffset: number | undefined; readonly targetOffset: number | undefined },
  ) {
    super(why)
    this.sourceOffset = at.sourceOffset
    this.targetOffset = at.targetOffset
  }
}

/** Records that may lie between two pairs of a compacted topic. */
const LOOKAHEAD = 16_384

/** Hands over the segments in order. Throws MatchRefusal where the target is not known to be a copy. */
export function matchRecords(input: MatchInput, take: (segment: AttributedSegment) => void): Promise<MatchEnd> {
  return new Matcher(input, take).run()
}

class Matcher {
  readonly #input: MatchInput
  readonly #take: (segment: AttributedSegment) => void
  readonly #source: Ahead
  readonly #target: Ahead
  #end: { source: number; target: number } | undefined
  #records = 0

  constructor(input: MatchInput, take: (segment: AttributedSegment) => void) {
    this.#input = input
    this.#take = take
    this.#source = new Ahead(input.source)
    this.#target = new Ahead(input.target)
  }

  async run(): Promise<MatchEnd> {
    try {
      for (;;) {
        const target = await this.#target.peek(0)
        if (target === undefined) break
        const source = await this.#source.peek(0)
        if (source?.digest === target.digest) this.#pair(source, target)
        else if (this.#input.isCompacted) await this.#crossGap()
        else throw unequal(source, target)
      }
    } finally {
      await this.#source.close()
      await this.#target.close()
    }
    const end = this.#end
    if (end === undefined) throw new MatchRefusal('the target holds no record', NOWHERE)
    return { ...end, records: this.#records }
  }

  #pair(source: Step, target: Step): void {
    const next = { source: source.offset, target: target.offset, causes: this.#causesBefore(source, target) }
    for (const segment of this.#end === undefined ? [next] : segmentsBetween(this.#end, next)) this.#take(segment)
    this.#end = { source: source.offset + 1, target: target.offset + 1 }
    this.#records++
    this.#source.drop(1)
    this.#target.drop(1)
  }

  #causesBefore(source: Step, target: Step): number {
    const end = this.#end
    if (end === undefined) return SEGMENT_CAUSES.resume
    const hole = source.offset - end.source
    const hasCompacted = hole > source.control + source.aborted
    return (
      (source.control > 0 ? SEGMENT_CAUSES.control : 0) |
      (source.aborted > 0 ? SEGMENT_CAUSES.aborted : 0) |
      (hasCompacted ? SEGMENT_CAUSES.compacted : 0) |
      (target.offset > end.target ? SEGMENT_CAUSES.marker : 0)
    )
  }

  /** Up to the next pair, or to the end of the target. */
  async #crossGap(): Promise<void> {
    const [sourceCount, targetCount] = await this.#findPair()
    const source = await this.#source.peek(sourceCount)
    const target = await this.#target.peek(targetCount)
    const targetRecords = this.#target.first(targetCount)
    this.#fillGap({
      sourceRecords: this.#source.first(sourceCount),
      targetRecords,
      sourceEnd: source?.offset,
      targetEnd: target?.offset ?? (targetRecords.at(-1)?.offset ?? -1) + 1,
      isMarked: this.#source.hasMarkers(sourceCount) || this.#target.hasMarkers(targetCount),
    })
    this.#source.drop(sourceCount)
    this.#target.drop(targetCount)
  }

  /** How many records of each side lie before the next ones that are equal. At the target's end: all of its rest. */
  async #findPair(): Promise<[number, number]> {
    for (let ahead = 64; ahead <= LOOKAHEAD; ahead *= 4) {
      const places = new Map<string, number>()
      for (let at = 0; at < ahead; at++) {
        const step = await this.#source.peek(at)
        if (step === undefined) break
        if (!places.has(step.digest)) places.set(step.digest, at)
      }
      for (let at = 0; at < ahead; at++) {
        const step = await this.#target.peek(at)
        // What comes next at the source was not copied yet.
        if (step === undefined) return [0, at]
        const place = places.get(step.digest)
        if (place !== undefined) return [place, at]
      }
    }
    throw unequal(await this.#source.peek(0), await this.#target.peek(0))
  }

  #fillGap(gap: Gap): void {
    const { sourceRecords, targetRecords } = gap
    if (sourceRecords.length + targetRecords.length === 0) return
    const end = this.#end
    const first = { sourceOffset: sourceRecords[0]?.offset, targetOffset: targetRecords[0]?.offset }
    const ambiguous = (why: string) =>
      new MatchRefusal(`compaction leaves more than one way to match what is there: ${why}`, first)
    if (end === undefined) throw ambiguous('nothing before it is certain')
    if (gap.sourceEnd === undefined) throw ambiguous('the source has nothing behind it')
    if (gap.isMarked) throw ambiguous('markers lie between')
    const sourceOffsets = gap.sourceEnd - end.source
    const targetOffsets = gap.targetEnd - end.target
    if (sourceOffsets !== targetOffsets) {
      throw ambiguous(`${sourceOffsets} offsets at the source, ${targetOffsets} on the target`)
    }
    const isFull = sourceRecords.length === sourceOffsets || targetRecords.length === targetOffsets
    if (!isFull) throw ambiguous('both sides have empty offsets')
    // One to one, side by side with what comes before: no new segment.
    this.#end = { source: end.source + sourceOffsets, target: end.target + targetOffsets }
    this.#records += targetRecords.length
  }
}

interface Gap {
  readonly sourceRecords: readonly Step[]
  readonly targetRecords: readonly Step[]
  /** The next record at the source; undefined where there is none. */
  readonly sourceEnd: number | undefined
  readonly targetEnd: number
  readonly isMarked: boolean
}

const NOWHERE = { sourceOffset: undefined, targetOffset: undefined }

function unequal(source: Step | undefined, target: Step | undefined): MatchRefusal {
  const at = { sourceOffset: source?.offset, targetOffset: target?.offset }
  if (source === undefined) return new MatchRefusal('the source ends before the target', at)
  return new MatchRefusal('the records are not equal', at)
}

/** A stream with some steps ahead of it. */
class Ahead {
  readonly #steps: AsyncIterator<Step>
  #held: Step[] = []
  #at = 0

  constructor(steps: AsyncIterable<Step>) {
    this.#steps = steps[Symbol.asyncIterator]()
  }

  /** The step so many ahead; undefined behind the end. */
  async peek(ahead: number): Promise<Step | undefined> {
    while (this.#held.length - this.#at <= ahead) {
      const { done, value } = await this.#steps.next()
      if (done === true) return undefined
      this.#held.push(value)
    }
    return this.#held[this.#at + ahead]
  }

  first(count: number): Step[] {
    return this.#held.slice(this.#at, this.#at + count)
  }

  /** Whether a marker or an aborted record lies before the step so many ahead. */
  hasMarkers(ahead: number): boolean {
    return this.first(ahead + 1).some(({ control, aborted }) => control + aborted > 0)
  }

  drop(count: number): void {
    this.#at += count
    if (this.#at > LOOKAHEAD) {
      this.#held = this.#held.slice(this.#at)
      this.#at = 0
    }
  }

  async close(): Promise<void> {
    await this.#steps.return?.()
  }
}
