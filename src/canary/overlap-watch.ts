import type { RegionName } from '../core/index.ts'

/** One answer of a broker that says whether a partition of a region took writes at some moment between two. */
export interface Sighting {
  readonly region: RegionName
  readonly partition: number
  readonly isOpen: boolean
  readonly sentMs: number
  readonly answeredMs: number
}

interface Span {
  readonly sentMs: number
  readonly answeredMs: number
}

/** Sightings of a region that may lie between two of another one; they come every few hundredths of a second. */
const RECENT_MAX = 64

/**
 * Tells whether two regions took writes at once. Pure but for its memory, which is bounded.
 *
 * What counts: a partition was open before and after a moment at which another region was, and was not refused in
 * between. A move refuses first, so two moves, there and back, are no overlap.
 */
export class OverlapWatch {
  /** When each partition of each region was last seen open, without having been refused since. */
  readonly #openAtMs = new Map<string, number>()
  readonly #recent = new Map<RegionName, Span[]>()
  #overlaps = 0

  /** Sightings that proved an overlap. */
  get overlaps(): number {
    return this.#overlaps
  }

  /** In the order of the answers. */
  note({ region, partition, isOpen, sentMs, answeredMs }: Sighting): void {
    const place = `${region}/${partition}`
    if (!isOpen) {
      this.#openAtMs.delete(place)
      return
    }
    const openAtMs = this.#openAtMs.get(place)
    if (openAtMs !== undefined && this.#wasAnotherOpen(region, openAtMs, sentMs)) this.#overlaps++
    this.#openAtMs.set(place, answeredMs)
    const recent = this.#recent.get(region) ?? []
    this.#recent.set(region, [...recent.slice(1 - RECENT_MAX), { sentMs, answeredMs }])
  }

  #wasAnotherOpen(region: RegionName, afterMs: number, beforeMs: number): boolean {
    return [...this.#recent].some(([other, spans]) => {
      return other !== region && spans.some(({ sentMs, answeredMs }) => sentMs >= afterMs && answeredMs <= beforeMs)
    })
  }
}
