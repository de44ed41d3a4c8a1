import type { RegionName } from '../core/index.ts'
import type { StreamProgress } from '../failover/index.ts'
import type { SeenStream } from './judge-stream.ts'
import { OverlapWatch } from './overlap-watch.ts'
import type { WriteAnswer } from './region-writer.ts'

export interface Written {
  readonly number: number
  readonly leg: number
  readonly region: RegionName
  readonly partition: number
  readonly sentMs: number
  readonly answeredMs: number
  readonly answer: WriteAnswer
}

/** Everything that one stream sees, put down as it happens. It grows with the stream, which has an end. */
export class StreamBook {
  readonly #acknowledged = new Map<number, { readonly leg: number; readonly answeredMs: number }>()
  readonly #refused = new Map<string, number>()
  readonly #reads = new Map<number, { readonly atMs: number; readonly times: number }>()
  readonly #legs: RegionName[]
  readonly overlaps = new OverlapWatch()
  #attempted = 0
  #unknown = 0
  #acknowledgedHere = 0
  #readHere = 0
  /** Why the last write was not acknowledged; undefined where it was. */
  #trouble: string | undefined = 'nothing was written yet'

  constructor(first: RegionName) {
    this.#legs = [first]
  }

  get leg(): number {
    return this.#legs.length - 1
  }

  get trouble(): string | undefined {
    return this.#trouble
  }

  get progress(): StreamProgress {
    return {
      acknowledged: this.#acknowledged.size,
      read: this.#reads.size,
      acknowledgedHere: this.#acknowledgedHere,
      readHere: this.#readHere,
    }
  }

  get seen(): SeenStream {
    return {
      attempted: this.#attempted,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      unknown: this.#unknown,
      overlaps: this.overlaps.overlaps,
      legs: this.#legs,
      reads: this.#reads,
    }
  }

  enter(region: RegionName): void {
    this.#legs.push(region)
    this.#acknowledgedHere = 0
    this.#readHere = 0
  }

  noteWrite({ number, leg, region, partition, sentMs, answeredMs, answer }: Written): void {
    this.#attempted++
    this.#trouble = answer.kind === 'acknowledged' ? undefined : answer.reason
    if (answer.kind === 'unknown') {
      this.#unknown++
      return
    }
    const isOpen = answer.kind === 'acknowledged'
    this.overlaps.note({ region, partition, isOpen, sentMs, answeredMs })
    if (answer.kind === 'refused') {
      this.#refused.set(answer.reason, (this.#refused.get(answer.reason) ?? 0) + 1)
      return
    }
    this.#acknowledged.set(number, { leg, answeredMs })
    if (leg === this.leg) this.#acknowledgedHere++
  }

  noteRead(number: number, region: RegionName, atMs: number): void {
    const before = this.#reads.get(number)
    this.#reads.set(number, { atMs: before?.atMs ?? atMs, times: (before?.times ?? 0) + 1 })
    if (region === this.#legs.at(-1)) this.#readHere++
  }
}
