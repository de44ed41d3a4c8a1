/**
 * Ascending segments in one array of numbers: three a segment, and no object of its own for any of them. Found by
 * bisection on either side. Not a typed array: that costs 200 bytes more, and most flows need one segment for ever.
 */
import { type AttributedSegment, isOverruled, type Segment } from './segments.ts'

const WIDTH = 3
const BYTES_PER_NUMBER = 8
const FIELDS = { source: 0, target: 1, causes: 2 } as const

export type Side = 'source' | 'target'

/** Bisection: the last index whose offset is at or below the one given; -1 where none is. */
export function lastAtOrBelow(offset: number, length: number, offsetAt: (index: number) => number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsetAt(middle) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

export class SegmentList {
  #cells: number[] = []

  get length(): number {
    return this.#cells.length / WIDTH
  }

  get bytes(): number {
    return this.#cells.length * BYTES_PER_NUMBER
  }

  push({ source, target, causes }: AttributedSegment): void {
    // An array that begins with its contents has no room left over.
    if (this.#cells.length === 0) this.#cells = [source, target, causes]
    else this.#cells.push(source, target, causes)
  }

  at(index: number): AttributedSegment | undefined {
    if (index < 0 || index >= this.length) return undefined
    return {
      source: this.#cell(index, 'source'),
      target: this.#cell(index, 'target'),
      causes: this.#cell(index, 'causes'),
    }
  }

  /** Index of the last segment that begins at or below the offset; -1 where none does. */
  lastAtOrBelow(side: Side, offset: number): number {
    return lastAtOrBelow(offset, this.length, (index) => this.#cell(index, side))
  }

  /** Drops every segment that an entry beginning at `first` overrules. */
  trim(first: Segment): void {
    while (this.length > 0) {
      const last = this.length - 1
      const segment = { source: this.#cell(last, 'source'), target: this.#cell(last, 'target') }
      if (!isOverruled(segment, first)) return
      this.#cells.length = last * WIDTH
    }
  }

  /** Drops every segment with a smaller source offset. */
  dropBelow(source: number): void {
    const dropped = this.lastAtOrBelow('source', source - 1) + 1
    this.#cells = this.#cells.slice(dropped * WIDTH)
  }

  /** Gives back the room kept for growing. */
  shrink(): void {
    this.#cells = this.#cells.slice()
  }

  *[Symbol.iterator](): Generator<AttributedSegment> {
    for (let index = 0; index < this.length; index += 1) {
      const segment = this.at(index)
      if (segment !== undefined) yield segment
    }
  }

  #cell(index: number, field: keyof typeof FIELDS): number {
    return this.#cells[index * WIDTH + FIELDS[field]] ?? Number.NaN
  }
}
