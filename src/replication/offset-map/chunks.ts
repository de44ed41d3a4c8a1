/**
 * All segments of one flow, in chunks. The newest chunk is always loaded; `MapMemory` evicts older ones, and they are
 * read again from the map topic.
 *
 * Always: the segments held are exactly those that no later entry overruled, so nothing but the order of the entries
 * decides. Since an entry overrules everything behind its own beginning, that is always an end of the list.
 */
import { invariant } from '../../core/index.ts'
import { Chunk, type Written } from './chunk.ts'
import { type FlowEntry, type FlowKey, flowKeyText } from './entry.ts'
import { offsetMapFaults } from './faults.ts'
import type { MapMemory } from './map-memory.ts'
import { lastAtOrBelow, type SegmentList, type Side } from './segment-list.ts'
import { type AttributedSegment, isOverruled, type Segment } from './segments.ts'

/** Reads entries of the map topic again. */
export interface ChunkLoader {
  /** The flow's entries between two map offsets, both included, in the order of the log, whoever wrote them. */
  load(request: ChunkRequest, signal: AbortSignal): Promise<readonly FlowEntry[]>
}

export interface ChunkRequest {
  readonly flow: FlowKey
  readonly fromMapOffset: number
  readonly toMapOffset: number
}

export interface ChunksOptions {
  readonly flow: FlowKey
  readonly loader: ChunkLoader
  readonly memory: MapMemory
}

/** The segment that covers an offset, and the one behind it. */
export interface Place {
  readonly at: Segment
  readonly next: AttributedSegment | undefined
}

/** An entry that begins at or below both log starts, and where it is: no lookup above them needs older ones. */
export interface Floor {
  readonly mapOffset: number
  readonly first: Segment
}

/** Gives a chunk's segments, or undefined where they have to be loaded first. */
export type ReadChunk = (chunk: Chunk) => SegmentList | undefined

interface MapStretch {
  readonly fromMapOffset: number
  readonly toMapOffset: number
}

const NONE: readonly MapStretch[] = []

export class Chunks {
  readonly #flow: FlowKey
  readonly #loader: ChunkLoader
  readonly #memory: MapMemory
  #list: readonly Chunk[] = []
  /** Map offsets from which on the flow's oldest entries may still be in the map topic. */
  #oldestMapOffset = 0
  /** Where entries are that were dropped for a floor and may be deleted from the map topic. */
  #deletable: readonly MapStretch[] = NONE
  #floor: Floor | undefined

  constructor({ flow, loader, memory }: ChunksOptions) {
    this.#flow = flow
    this.#loader = loader
    this.#memory = memory
  }

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  get first(): Segment {
    const chunk = this.#list[0]
    invariant(chunk, `the map of ${flowKeyText(this.#flow)} is empty`)
    return chunk.first
  }

  get firstCauses(): number {
    return this.#list[0]?.causes ?? 0
  }

  get last(): AttributedSegment {
    const segments = this.#list.at(-1)?.segments
    const segment = segments?.at(segments.length - 1)
    invariant(segment, `the newest segments of ${flowKeyText(this.#flow)} are not loaded`)
    return segment
  }

  append(entry: FlowEntry, first: Segment, written: Written): void {
    const { mapOffset } = written
    if (this.isEmpty) this.#oldestMapOffset = mapOffset
    const hasOverruled = this.#truncate(first)
    const newest = this.#list.at(-1)
    if (newest !== undefined && !hasOverruled && newest.accepts(entry, this.#memory.chunkSegments)) {
      newest.append(entry, mapOffset)
      return
    }
    if (newest?.segments !== undefined) {
      newest.seal()
      this.#memory.hold(newest)
    }
    // Of most flows there are one or two for ever: no room is kept for more.
    this.#list = this.#list.concat(new Chunk(entry, first, written))
  }

  /** The place of an offset that is not below the first segment; the chunk, where that has to be loaded first. */
  seek(side: Side, offset: number, read: ReadChunk): Place | Chunk {
    const index = this.#indexOf(side, offset)
    const chunk = this.#list[index]
    invariant(chunk, `${side} offset ${offset} is below the map of ${flowKeyText(this.#flow)}`)
    const segments = read(chunk)
    if (segments === undefined) return chunk
    const found = segments.lastAtOrBelow(side, offset)
    const at = segments.at(found)
    invariant(at, 'a chunk begins with its first segment')
    const behind = this.#list[index + 1]
    const next = segments.at(found + 1) ?? (behind && { ...behind.first, causes: behind.causes })
    return { at, next }
  }

  /** The segments of a chunk if they are loaded, noting that they were used. */
  loaded(chunk: Chunk): SegmentList | undefined {
    if (chunk.segments !== undefined && chunk !== this.#list.at(-1)) this.#memory.hold(chunk)
    return chunk.segments
  }

  async load(chunk: Chunk, signal: AbortSignal): Promise<SegmentList> {
    if (chunk.segments !== undefined) return chunk.segments
    const { fromMapOffset, toMapOffset } = chunk
    const entries = await this.#loader.load({ flow: this.#flow, fromMapOffset, toMapOffset }, signal)
    const segments = chunk.restore(entries)
    if (segments === undefined) {
      const facts = { flow: flowKeyText(this.#flow), from: fromMapOffset, to: toMapOffset }
      throw offsetMapFaults.fault('MAP_ENTRY_MISSING', facts)
    }
    this.loaded(chunk)
    return segments
  }

  /** Every segment as of this call, oldest first; one chunk is loaded at a time. */
  async *segments(signal: AbortSignal): AsyncGenerator<AttributedSegment> {
    for (const chunk of this.#list) yield* await this.load(chunk, signal)
  }

  /** The newest entry known to begin at or below both log starts; undefined where nothing lies before it. */
  floorAt(logStarts: Segment): Floor | undefined {
    const chunk = this.#list.findLast(
      ({ first }) => first.source <= logStarts.source && first.target <= logStarts.target,
    )
    if (chunk === undefined || chunk.fromMapOffset <= this.#oldestMapOffset) return undefined
    return { mapOffset: chunk.fromMapOffset, first: chunk.first }
  }

  /** Drops everything that was written before the floor. */
  raiseFloor(floor: Floor): void {
    const before = this.#list.filter((chunk) => chunk.fromMapOffset < floor.mapOffset)
    const deletable = [...this.#deletable]
    let fromMapOffset = this.#oldestMapOffset
    for (const edge of [...before.map((chunk) => chunk.fromMapOffset), floor.mapOffset]) {
      if (edge > fromMapOffset) deletable.push({ fromMapOffset, toMapOffset: edge - 1 })
      fromMapOffset = Math.max(fromMapOffset, edge)
    }
    for (const chunk of before) this.#memory.release(chunk)
    const left = before.filter((chunk) => chunk.raiseFloor(floor.mapOffset, floor.first))
    this.#list = [...left, ...this.#list.slice(before.length)]
    this.#deletable = deletable
    for (const chunk of left) this.loaded(chunk)
    this.#oldestMapOffset = fromMapOffset
    this.#floor = floor
  }

  /**
   * The entries written before the floor, oldest first, some at a time; asking for the next ones says that the ones
   * before were deleted. Left out are those that begin behind the floor, since their keys may have been used again.
   */
  async *deletable(signal: AbortSignal): AsyncGenerator<FlowEntry[]> {
    for (let range = this.#deletable[0]; range !== undefined; range = this.#deletable[0]) {
      const entries = await this.#loader.load({ flow: this.#flow, ...range }, signal)
      const floorSource = this.#floor?.first.source ?? 0
      const below = entries.filter(({ segments: [first] }) => first !== undefined && first.source < floorSource)
      if (below.length > 0) yield below
      this.#deletable = this.#deletable.slice(1)
    }
  }

  #indexOf(side: Side, offset: number): number {
    return lastAtOrBelow(offset, this.#list.length, (index) => this.#list[index]?.first[side] ?? Number.NaN)
  }

  #truncate(first: Segment): boolean {
    const dropped = this.#list.length - 1 - this.#list.findLastIndex((chunk) => !isOverruled(chunk.first, first))
    if (dropped > 0) {
      for (const chunk of this.#list.slice(-dropped)) this.#memory.release(chunk)
      this.#list = this.#list.slice(0, -dropped)
    }
    const hasTrimmed = this.#list.at(-1)?.trim(first) ?? false
    return hasTrimmed || dropped > 0
  }
}
