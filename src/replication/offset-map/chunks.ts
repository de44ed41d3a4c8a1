/**
 * All segments of one flow, in chunks. The newest chunk is always loaded; `MapMemory` evicts older ones, and they are
 * read again from the map topic.
 *
 * Always: the segments held are exactly those that no later entry overruled, so nothing but the order of the entries
 * decides. Since an entry overrules everything behind its own beginning, that is always an end of the list.
 */
import { invariant } from '../../core/index.ts'
import { Chunk } from './chunk.ts'
import { type FlowEntry, type FlowEntryKey, type FlowKey, flowKeyText, isSameProducer } from './entry.ts'
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
  readonly next: Segment | undefined
}

/** Gives a chunk's segments, or undefined where they have to be loaded first. */
export type ReadChunk = (chunk: Chunk) => SegmentList | undefined

export class Chunks {
  readonly #flow: FlowKey
  readonly #loader: ChunkLoader
  readonly #memory: MapMemory
  #list: Chunk[] = []
  /** Where the flow's oldest entry is that may still be in the map topic. */
  #oldestMapOffset = 0

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

  get last(): AttributedSegment {
    const segments = this.#list.at(-1)?.segments
    const segment = segments?.at(segments.length - 1)
    invariant(segment, `the newest segments of ${flowKeyText(this.#flow)} are not loaded`)
    return segment
  }

  append(entry: FlowEntry, first: Segment, mapOffset: number): void {
    if (this.isEmpty) this.#oldestMapOffset = mapOffset
    const hasOverruled = this.#truncate(first)
    const newest = this.#list.at(-1)
    if (newest !== undefined && !hasOverruled && newest.accepts(entry)) {
      newest.append(entry, mapOffset)
      return
    }
    if (newest?.segments !== undefined) {
      newest.seal()
      this.#memory.hold(newest)
    }
    this.#list.push(new Chunk(entry, first, mapOffset))
  }

  /** The place of an offset that is not below the first segment; the chunk, where that has to be loaded first. */
  seek(side: Side, offset: number, read: ReadChunk): Place | Chunk {
    const index = lastAtOrBelow(offset, this.#list.length, (index) => this.#list[index]?.first[side] ?? Number.NaN)
    const chunk = this.#list[index]
    invariant(chunk, `${side} offset ${offset} is below the map of ${flowKeyText(this.#flow)}`)
    const segments = read(chunk)
    if (segments === undefined) return chunk
    const found = segments.lastAtOrBelow(side, offset)
    const at = segments.at(found)
    invariant(at, 'a chunk begins with its first segment')
    return { at, next: segments.at(found + 1) ?? this.#list[index + 1]?.first }
  }

  /** The segments of a chunk if they are loaded, noting that they were used. */
  readonly loaded: ReadChunk = (chunk) => {
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
    for (const chunk of this.#list.slice()) yield* await this.load(chunk, signal)
  }

  /**
   * The keys of entries that no lookup at or above the log starts needs any more, oldest first, some at a time: those
   * written before, and beginning below, an entry in force that begins at or below both starts.
   *
   * Whatever becomes of them, that entry decides from its beginning on. An older entry that begins behind it is left
   * alone although it is overruled: its key may have been used again since.
   */
  async *covered(starts: Segment, signal: AbortSignal): AsyncGenerator<FlowEntry[]> {
    const covering = this.#list.findLast(({ first }) => first.source <= starts.source && first.target <= starts.target)
    if (covering === undefined) return
    const edges = this.#list.map((chunk) => chunk.fromMapOffset).filter((edge) => edge <= covering.fromMapOffset)
    for (const edge of edges) {
      if (edge === this.#oldestMapOffset) continue
      const request = { flow: this.#flow, fromMapOffset: this.#oldestMapOffset, toMapOffset: edge - 1 }
      const entries = await this.#loader.load(request, signal)
      const isBelow = ({ segments }: FlowEntry) => (segments[0]?.source ?? 0) < covering.first.source
      const below = entries.filter(isBelow)
      if (below.length > 0) yield below
      this.#forgetBefore(edge)
    }
  }

  /** An entry was deleted from the map topic: its chunk and everything before is no longer needed by anyone. */
  forget(key: FlowEntryKey): void {
    const { first, ...writer } = key
    const index = this.#list.findIndex(
      (chunk) =>
        chunk.first.source === first.source &&
        chunk.first.target === first.target &&
        isSameProducer(chunk.writer, writer),
    )
    const after = this.#list[index + 1]
    if (index < 0) return
    this.#forgetBefore(after?.fromMapOffset ?? Number.POSITIVE_INFINITY)
  }

  #forgetBefore(mapOffset: number): void {
    this.#oldestMapOffset = mapOffset
    const dropped = this.#list.filter((chunk) => chunk.fromMapOffset < mapOffset)
    for (const chunk of dropped) this.#memory.release(chunk)
    this.#list = this.#list.slice(dropped.length)
  }

  #truncate(first: Segment): boolean {
    const kept = this.#list.findLastIndex((chunk) => !isOverruled(chunk.first, first)) + 1
    const dropped = this.#list.splice(kept)
    for (const chunk of dropped) this.#memory.release(chunk)
    const hasTrimmed = this.#list.at(-1)?.trim(first) ?? false
    return hasTrimmed || dropped.length > 0
  }
}
