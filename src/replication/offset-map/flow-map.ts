/**
 * The offset map of one flow, and what was recorded about its writers.
 *
 * Every answer is the offset of the first record at or after the one asked for, never an estimate. Behind the last
 * segment both sides are taken to run in step for ever: who asks about offsets that may not be copied yet says where
 * the copy ends. Older parts may be out of memory: the methods that take a signal read them again, the others answer
 * `not-loaded`.
 */
import { invariant } from '../../core/index.ts'
import { Chunk, type Written } from './chunk.ts'
import { Chunks, type ChunksOptions, type Floor, type Place, type ReadChunk } from './chunks.ts'
import {
  type EntryKey,
  type FloorEntry,
  type FlowEntry,
  type FlowEntryKey,
  type FlowKey,
  flowKeyText,
  isSameProducer,
  keyOf,
  type Producer,
} from './entry.ts'
import type { MapMemory } from './map-memory.ts'
import { type RecordedProducer, RecordedProducers } from './recorded-producers.ts'
import type { SegmentList, Side } from './segment-list.ts'
import {
  type AttributedSegment,
  type Closing,
  closingOf,
  isOverruled,
  SEGMENT_CAUSES,
  type Segment,
} from './segments.ts'

/**
 * `exact`: a record is there. `hole`: none is, the offset is that of the next record. `before-start`: the map begins
 * behind it, the offset is the first one. `not-copied`: it is not below the end of the copy, the offset is that end.
 */
export type LookupNote = 'exact' | 'hole' | 'before-start' | 'not-copied'

export interface Lookup {
  /** On the other side. */
  readonly offset: number
  readonly note: LookupNote
}

/** What follows from a source offset on. `run`: records side by side. `hole`: source offsets without a record. */
export interface Stretch {
  readonly kind: 'run' | 'hole'
  /** Target offset of the first record at or behind the source offset. */
  readonly target: number
  /** In source offsets. */
  readonly length: number
  /** Of a hole, see `SEGMENT_CAUSES`; 0 for what the map does not reach back to. */
  readonly causes: number
}

/** What an entry says beside its segments. */
export type FlowFacts = Omit<FlowEntry, 'kind' | 'flow' | 'segments'>

const OTHER_SIDE = { source: 'target', target: 'source' } as const

const NONE: readonly EntryKey[] = []

export class FlowMap {
  readonly flow: FlowKey
  readonly #chunks: Chunks
  readonly #producers = new RecordedProducers()
  #facts: FlowFacts | undefined
  readonly #memory: MapMemory
  #newestSource = 0
  #newestTarget = 0
  #beginsMatched = false
  #floor: FloorEntry | undefined
  #formerFloors: readonly EntryKey[] = NONE
  /** The first segment whose offsets differ. */
  #firstShift: Segment | undefined

  constructor(options: ChunksOptions) {
    const { flow, memory } = options
    this.flow = {
      source: memory.shareText(flow.source),
      topic: memory.shareText(flow.topic),
      targetTopic: memory.shareText(flow.targetTopic),
      partition: flow.partition,
    }
    this.#memory = memory
    this.#chunks = new Chunks({ ...options, flow: this.flow })
  }

  /** Takes an entry in, in the order of the map's log: it overrules everything held behind its first segment. */
  append(entry: FlowEntry, written: Written): void {
    const [first] = entry.segments
    invariant(first, `an entry of ${flowKeyText(this.flow)} has no segments`)
    const { epochStart, sourceLeaderEpoch, atMs } = entry
    this.#beginsMatched = this.#willBeginMatched(entry, first)
    this.#chunks.append(entry, first, written)
    this.#producers.note(written.writer, epochStart, first.target)
    if (this.#firstShift !== undefined && isOverruled(this.#firstShift, first)) this.#firstShift = undefined
    this.#firstShift ??= firstShiftOf(entry.segments)
    const { producerId, producerEpoch } = written.writer
    this.#facts = {
      producerId,
      producerEpoch,
      epochStart,
      sourceLeaderEpoch,
      atMs,
      sourceTopicId: this.#memory.shareText(entry.sourceTopicId),
      targetTopicId: this.#memory.shareText(entry.targetTopicId),
      sourceClusterId: this.#memory.shareText(entry.sourceClusterId),
    }
    this.#newestSource = first.source
    this.#newestTarget = first.target
  }

  #willBeginMatched({ segments, targetTopicId }: FlowEntry, first: Segment): boolean {
    if (!this.#chunks.isEmpty && !isOverruled(this.#chunks.first, first)) return this.#beginsMatched
    if (((segments[0]?.causes ?? 0) & SEGMENT_CAUSES.matched) !== 0) return true
    // The first record of a match was still to come: the entry that goes before it begins at the same place.
    return this.#beginsMatched && this.facts.targetTopicId === targetTopicId && first.target >= this.firstSegment.target
  }

  /** Whether the map begins with a match: it need not reach back to the beginning of the target's log. */
  get beginsMatched(): boolean {
    return this.#beginsMatched
  }

  /** What the newest entry says beside its segments. */
  get facts(): FlowFacts {
    invariant(this.#facts, `the map of ${flowKeyText(this.flow)} is empty`)
    return this.#facts
  }

  get firstSegment(): Segment {
    return this.#chunks.first
  }

  get lastSegment(): AttributedSegment {
    return this.#chunks.last
  }

  /** True while every record so far has the same offset on both sides. */
  get isIdentical(): boolean {
    return this.#firstShift === undefined
  }

  /** Set once the copy has ended: what its target holds from there on is not from it. */
  get closedAt(): Closing | undefined {
    return closingOf(this.lastSegment)
  }

  /** Every segment as of this call, oldest first. Faults: MAP_ENTRY_MISSING. */
  segments(signal: AbortSignal): AsyncGenerator<AttributedSegment> {
    return this.#chunks.segments(signal)
  }

  /**
   * Target offset of the first record at or after a source offset.
   *
   * @param copiedTo - end of the copy on both sides: everything below is on the target or attributed
   */
  toTarget(source: number, copiedTo?: Segment): Lookup | 'not-loaded' {
    return withoutWaiting(this.#lookUp('source', source, copiedTo, (chunk) => this.#chunks.loaded(chunk)))
  }

  /** Source offset of the first record at or after a target offset; the inverse of `toTarget`. */
  toSource(target: number, copiedTo?: Segment): Lookup | 'not-loaded' {
    return withoutWaiting(this.#lookUp('target', target, copiedTo, (chunk) => this.#chunks.loaded(chunk)))
  }

  /** As `toTarget`, reading what is not loaded. Faults: MAP_ENTRY_MISSING. */
  findTarget(source: number, signal: AbortSignal, copiedTo?: Segment): Promise<Lookup> {
    return this.#loading((read) => this.#lookUp('source', source, copiedTo, read), signal)
  }

  /** As `toSource`, reading what is not loaded. Faults: MAP_ENTRY_MISSING. */
  findSource(target: number, signal: AbortSignal, copiedTo?: Segment): Promise<Lookup> {
    return this.#loading((read) => this.#lookUp('target', target, copiedTo, read), signal)
  }

  /**
   * Just behind the last record below a target offset, on both sides: where a copy that ended there goes on, and what
   * `segmentsBetween` takes as its `end`. Where no record is below, the copy begins there with the map's first source
   * offset. Faults: MAP_ENTRY_MISSING.
   */
  findEnd(target: number, signal: AbortSignal): Promise<Segment> {
    return this.#loading((read) => this.#endBelow(target, read), signal)
  }

  /** What follows from a source offset on, to walk along the map. Faults: MAP_ENTRY_MISSING. */
  findStretch(source: number, signal: AbortSignal): Promise<Stretch> {
    return this.#loading((read) => this.#stretchAt(source, read), signal)
  }

  /** Why a target offset has no record of the source, see `SEGMENT_CAUSES`; 0 where it has one. Faults: MAP_ENTRY_MISSING. */
  causesAtTarget(target: number, signal: AbortSignal): Promise<number> {
    const look = (read: ReadChunk): number | Chunk => {
      if (target < this.firstSegment.target) return 0
      const place = this.#chunks.seek('target', target, read)
      if (place instanceof Chunk) return place
      const { at, next } = place
      return next === undefined || at.source + target - at.target < next.source ? 0 : next.causes
    }
    return this.#loading(look, signal)
  }

  /** The producer epochs that wrote the target partition, by the target offset from which each did. */
  get recordedProducers(): readonly RecordedProducer[] {
    return this.#producers.list
  }

  /** Start of an epoch as it holds at a target offset; undefined where another producer was in force there. */
  epochStartOf(producer: Producer, targetOffset: number): number | undefined {
    return this.#producers.startOf(producer, targetOffset)
  }

  /**
   * Whether a target offset was found to hold a copy by matching both logs, whoever wrote it, or lies before the first
   * record of a match.
   */
  isMatched(targetOffset: number): boolean {
    const isBefore = this.#beginsMatched && targetOffset < this.firstSegment.target
    return isBefore || this.#producers.isMatched(targetOffset)
  }

  /** True while only some of the entries of a match are there: they all begin before the epoch that writes them. */
  get isHalfMatched(): boolean {
    return this.#newestTarget < this.facts.epochStart
  }

  /** Why the map begins where it does, see `SEGMENT_CAUSES`. */
  get firstCauses(): number {
    return this.#chunks.firstCauses
  }

  /**
   * The newest entry known to begin at or below both log starts: what a floor entry has to say before anything older is
   * deleted. Undefined where nothing older is left.
   */
  floorAt(logStarts: Segment): Floor | undefined {
    return this.#chunks.floorAt(logStarts)
  }

  /** Takes a floor entry in: everything written before that floor is dropped. */
  raiseFloor(entry: FloorEntry): void {
    this.#chunks.raiseFloor(entry)
    this.#producers.forgetBelow(entry.first.target)
    if (this.#floor !== undefined && !isSameProducer(this.#floor, entry)) {
      this.#formerFloors = [...this.#formerFloors, keyOf(this.#floor)]
    }
    this.#floor = entry
  }

  /**
   * Keys of entries that the floor has made superfluous, oldest first, some at a time. They may be deleted from the map
   * topic once the floor entry is acknowledged; asking for the next ones says that the ones before were deleted.
   */
  async *deletableEntries(signal: AbortSignal): AsyncGenerator<readonly EntryKey[]> {
    for await (const entries of this.#chunks.deletable(signal)) yield entries.map((entry) => keyOf(entry))
    if (this.#formerFloors.length > 0) yield this.#formerFloors
    this.#formerFloors = NONE
  }

  /** Whether this is the newest entry: a floor never allows deleting that one, only the removal of the flow does. */
  isNewest(key: FlowEntryKey): boolean {
    const { source, target } = key.first
    return isSameProducer(key, this.facts) && source === this.#newestSource && target === this.#newestTarget
  }

  #lookUp(side: Side, offset: number, copiedTo: Segment | undefined, read: ReadChunk): Lookup | Chunk {
    const other = OTHER_SIDE[side]
    if (copiedTo === undefined) return this.#land(side, offset, read)
    if (offset >= copiedTo[side]) return { offset: copiedTo[other], note: 'not-copied' }
    const landed = this.#land(side, offset, read)
    // The copy ends with a hole whose end is not known yet: the last segment would run on into what is to come.
    const isPastEnd = !(landed instanceof Chunk) && landed.offset >= copiedTo[other]
    return isPastEnd ? { offset: copiedTo[other], note: landed.note === 'exact' ? 'hole' : landed.note } : landed
  }

  #land(side: Side, offset: number, read: ReadChunk): Lookup | Chunk {
    const other = OTHER_SIDE[side]
    const { first } = this.#chunks
    if (offset < first[side]) return this.#landOn(side, first, 'before-start', read)
    const place = this.#chunks.seek(side, offset, read)
    if (place instanceof Chunk) return place
    const { at, next } = place
    const inStep = at[other] + (offset - at[side])
    if (next === undefined || inStep < next[other]) return { offset: inStep, note: 'exact' }
    return this.#landOn(side, next, 'hole', read)
  }

  /** The first record at or behind the beginning of a segment. */
  #landOn(side: Side, segment: Segment, note: LookupNote, read: ReadChunk): Lookup | Chunk {
    if (side === 'source') return { offset: segment.target, note }
    // Of segments that begin at the same target offset only the last one has records.
    const place = this.#chunks.seek('target', segment.target, read)
    return place instanceof Chunk ? place : { offset: place.at.source, note }
  }

  #endBelow(target: number, read: ReadChunk): Segment | Chunk {
    const { first } = this.#chunks
    if (target <= first.target) return { source: first.source, target }
    const place: Place | Chunk = this.#chunks.seek('target', target - 1, read)
    if (place instanceof Chunk) return place
    const { at, next = { source: Number.POSITIVE_INFINITY, target: Number.POSITIVE_INFINITY } } = place
    const records = Math.min(target - at.target, next.target - at.target, next.source - at.source)
    return { source: at.source + records, target: at.target + records }
  }

  #stretchAt(source: number, read: ReadChunk): Stretch | Chunk {
    const { first } = this.#chunks
    if (source < first.source) return { kind: 'hole', target: first.target, length: first.source - source, causes: 0 }
    const place = this.#chunks.seek('source', source, read)
    if (place instanceof Chunk) return place
    const { at, next } = place
    const passed = source - at.source
    if (next === undefined) return { kind: 'run', target: at.target + passed, length: Infinity, causes: 0 }
    const left = Math.min(next.source - at.source, next.target - at.target) - passed
    if (left > 0) return { kind: 'run', target: at.target + passed, length: left, causes: 0 }
    return { kind: 'hole', target: next.target, length: next.source - source, causes: next.causes }
  }

  /** Looks until nothing is missing; what was loaded on the way stays at hand whatever is evicted meanwhile. */
  async #loading<Answer>(look: (read: ReadChunk) => Answer | Chunk, signal: AbortSignal): Promise<Answer> {
    const atHand = new Map<Chunk, SegmentList>()
    for (;;) {
      const answer = look((chunk) => this.#chunks.loaded(chunk) ?? atHand.get(chunk))
      if (!(answer instanceof Chunk)) return answer
      atHand.set(answer, await this.#chunks.load(answer, signal))
    }
  }
}

/** The corner of a hole on both sides has no records of its own: the next segment begins at the same target offset. */
function firstShiftOf(segments: readonly Segment[]): Segment | undefined {
  return segments.find(({ source, target }, index) => source !== target && segments[index + 1]?.target !== target)
}

function withoutWaiting(answer: Lookup | Chunk): Lookup | 'not-loaded' {
  return answer instanceof Chunk ? 'not-loaded' : answer
}
