import type { Clock } from '../core/index.ts'
import type { GroupPosition, ReadBatch, SensorReading } from '../local/index.ts'
import { keyOf } from './judge-landing.ts'

/** Where groups stood when the workload had left one region and did not run in the next one yet. */
export interface Standing {
  /** In the region that was left; undefined where it did not answer. */
  readonly before: readonly GroupPosition[] | undefined
  readonly after: readonly GroupPosition[]
}

/** What the workload itself saw: which readings were acknowledged, where groups began to read, when nobody could write. */
export class Ledger {
  readonly #clock: Clock
  readonly #acknowledged: SensorReading[] = []
  #standing: Standing = { before: undefined, after: [] }
  readonly #everRead = new Set<string>()
  #firstReads = new Map<string, bigint>()
  #lastAckMs: number | undefined
  #leftMs: number | undefined
  #pauseMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get acknowledged(): readonly SensorReading[] {
    return this.#acknowledged
  }

  /** At the last landing. */
  get standing(): Standing {
    return this.#standing
  }

  /** Since the last landing. */
  get firstReads(): ReadonlyMap<string, bigint> {
    return this.#firstReads
  }

  /** From the last acknowledgement in the old region to the first in the new one; undefined before that. */
  get writePauseMs(): number | undefined {
    return this.#pauseMs
  }

  /** Whether the groups have begun to read, since the last landing, wherever they had read before. */
  get haveReadOn(): boolean {
    return [...this.#everRead].every((key) => this.#firstReads.has(key))
  }

  noteAcknowledged(readings: readonly SensorReading[]): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#leftMs !== undefined) this.#pauseMs = nowMs - this.#leftMs
    this.#leftMs = undefined
    this.#lastAckMs = nowMs
    this.#acknowledged.push(...readings)
  }

  noteRead({ firstOffset, ...from }: ReadBatch): void {
    const key = keyOf(from)
    this.#everRead.add(key)
    if (!this.#firstReads.has(key)) this.#firstReads.set(key, firstOffset)
  }

  noteLanding(standing: Standing): void {
    this.#standing = standing
    this.#firstReads = new Map()
    this.#leftMs ??= this.#lastAckMs
    this.#pauseMs = undefined
  }
}
