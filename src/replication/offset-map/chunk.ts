/**
 * Some consecutive entries of one flow. Its segments may be evicted; what stays says where to read them again.
 *
 * The entries of a chunk are all that its writer put into the map for this flow between two map offsets, and none of
 * them overruled another: so its segments are those entries' segments, up to where a later entry overruled the rest.
 */
import { type FlowEntry, isSameProducer, type Producer } from './entry.ts'
import type { Evictable } from './map-memory.ts'
import { SegmentList } from './segment-list.ts'
import { isOverruled, type Segment } from './segments.ts'

/** Who wrote an entry, and where in the map. */
export interface Written {
  /** One object for everything that the producer has written. */
  readonly writer: Producer
  readonly mapOffset: number
}

const NO_LIMIT: Segment = { source: Number.POSITIVE_INFINITY, target: Number.POSITIVE_INFINITY }

export class Chunk implements Evictable {
  readonly writer: Producer
  #first: Segment
  #causes: number
  #fromMapOffset: number
  #toMapOffset: number
  #segments: SegmentList | undefined = new SegmentList()
  /** How many segments must be there after reading again; undefined where only that reading can tell. */
  #count: number | undefined = 0
  /** Everything at or behind it was overruled. */
  #limit = NO_LIMIT

  constructor(entry: FlowEntry, { source, target }: Segment, { writer, mapOffset }: Written) {
    this.writer = writer
    this.#first = { source, target }
    this.#causes = entry.segments[0]?.causes ?? 0
    this.#fromMapOffset = mapOffset
    this.#toMapOffset = mapOffset
    this.append(entry, mapOffset)
  }

  get first(): Segment {
    return this.#first
  }

  /** Of its first segment. */
  get causes(): number {
    return this.#causes
  }

  get fromMapOffset(): number {
    return this.#fromMapOffset
  }

  get toMapOffset(): number {
    return this.#toMapOffset
  }

  /** Undefined while evicted. */
  get segments(): SegmentList | undefined {
    return this.#segments
  }

  get bytes(): number {
    return this.#segments?.bytes ?? 0
  }

  /** Whether the entry may join: same writer, and fewer segments so far than make a chunk full. */
  accepts(entry: FlowEntry, fullSegments: number): boolean {
    return this.#segments !== undefined && this.#segments.length < fullSegments && isSameProducer(this.writer, entry)
  }

  append(entry: FlowEntry, mapOffset: number): void {
    for (const segment of entry.segments) this.#segments?.push(segment)
    this.#count = this.#segments?.length
    this.#toMapOffset = mapOffset
  }

  /** Drops what an entry beginning at `first` overrules; true where that may have been something. */
  trim(first: Segment): boolean {
    const last = this.#segments?.at(this.#segments.length - 1)
    if (last !== undefined && !isOverruled(last, first)) return false
    this.#limit = {
      source: Math.min(this.#limit.source, first.source),
      target: Math.min(this.#limit.target, first.target),
    }
    this.#segments?.trim(first)
    this.#count = this.#segments?.length
    return true
  }

  /** Drops its entries before a map offset, the next of which begins at `first`; false where nothing is left. */
  raiseFloor(mapOffset: number, first: Segment): boolean {
    if (mapOffset > this.#toMapOffset || isOverruled(first, this.#limit)) return false
    this.#segments?.dropBelow(first.source)
    if (this.#segments?.length === 0) return false
    this.#count = this.#segments?.length
    this.#fromMapOffset = mapOffset
    this.#first = this.#segments?.at(0) ?? first
    this.#causes = this.#segments?.at(0)?.causes ?? 0
    return true
  }

  /** No entry will join any more. */
  seal(): void {
    this.#segments?.shrink()
  }

  evict(): void {
    this.#segments = undefined
  }

  /**
   * Takes the segments from entries read again; undefined where entries are missing. They may have been asked for before
   * the floor was raised or a later entry overruled some of them.
   */
  restore(entries: Iterable<FlowEntry>): SegmentList | undefined {
    const segments = new SegmentList()
    for (const entry of entries) {
      if (!isSameProducer(this.writer, entry)) continue
      for (const segment of entry.segments) {
        if (segment.source >= this.#first.source && !isOverruled(segment, this.#limit)) segments.push(segment)
      }
    }
    const first = segments.at(0)
    if (first?.source !== this.#first.source || first.target !== this.#first.target) return undefined
    if (this.#count !== undefined && this.#count !== segments.length) return undefined
    segments.shrink()
    this.#count = segments.length
    this.#segments = segments
    return segments
  }
}
