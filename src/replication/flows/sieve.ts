import type { Clock } from '../../core/index.ts'
import type { Codec, EditRecord } from '../../kafka/index.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { PASS_THROUGH, type PlanRules, type Refusal, type RefusedRecord } from './plan-rules.ts'

/** A topic's config may have changed by then, so that the target is asked again before a record is refused. */
const FRESH_MS = 5_000
/** After that a large batch is tried whole again. */
const KEPT_MS = 10 * 60_000

/** The same for all flows of a link. */
export interface SieveOptions {
  readonly clock: Clock
  readonly onRefused: PlanRules['onRefused']
  readonly edit?: EditRecord | undefined
  readonly codec?: Codec | undefined
  readonly changesHeaders?: boolean
  /** Puts refused records on record, and where the policy wants them. Faults: QUARANTINE_REFUSED, TARGET_NOT_READY. */
  readonly keep?: (records: readonly RefusedRecord[], of: { flow: CopiedFlow; tenure: Tenure }) => Promise<void>
  /** Tells what the policy did; for `stop` and `skip` too. */
  readonly tell?: (record: RefusedRecord, flow: CopiedFlow) => void
}

/** A refused batch, and the source offsets that it stood for. */
export interface RefusedRange {
  readonly sourceEnd: number
  readonly recordCount: number
}

/**
 * What one flow has learned about the records its target does not take: the size limit, single offsets, and where one is
 * still searched for. A batch that is refused without a word about which of its records is at fault is cut in halves
 * until one is alone. Nothing of it outlives the process: after a restart the target says it again.
 */
export class Sieve {
  readonly #options: SieveOptions
  readonly #flow: CopiedFlow
  /** Made for the first one: most flows never have any. */
  #refused: Map<number, Refusal> | undefined
  #limit: { readonly bytes: number; readonly config: string; readonly learnedMs: number } | undefined
  #search: { readonly sourceEnd: number; readonly recordsMaxFirst: number; recordsMax: number } | undefined

  constructor(options: SieveOptions, flow: CopiedFlow) {
    this.#options = options
    this.#flow = flow
  }

  get policy(): PlanRules['onRefused'] {
    return this.#options.onRefused
  }

  /** Copies may differ from their records in the headers. */
  get changesHeaders(): boolean {
    return this.#options.changesHeaders ?? false
  }

  get isSearching(): boolean {
    return this.#search !== undefined
  }

  get limitBytes(): number | undefined {
    return this.#keptLimit()?.bytes
  }

  rules(): PlanRules {
    const { onRefused, edit, codec } = this.#options
    const limit = this.#keptLimit()
    const isFresh = limit !== undefined && this.#ageMs(limit) <= FRESH_MS
    const recordsMax = this.#search?.recordsMax ?? PASS_THROUGH.recordsMax
    const refused = this.#refused ?? PASS_THROUGH.refused
    return { limit: limit && { ...limit, isFresh }, recordsMax, refused, onRefused, edit, codec }
  }

  limitTo(bytes: number, config: string): void {
    this.#limit = { bytes, config, learnedMs: this.#options.clock.monotonicMs() }
  }

  refuse(sourceOffset: number, refusal: Refusal): void {
    this.#refused ??= new Map()
    this.#refused.set(sourceOffset, refusal)
    // Found: what is left of the batch is tried in large pieces again.
    if (this.#search !== undefined) this.#search.recordsMax = this.#search.recordsMaxFirst
  }

  /** One of its records is at fault, nobody knows which. */
  search({ sourceEnd, recordCount }: RefusedRange): void {
    const half = Math.ceil(recordCount / 2)
    if (this.#search === undefined) this.#search = { sourceEnd, recordsMaxFirst: half, recordsMax: half }
    else this.#search.recordsMax = half
  }

  /** Everything below is on the target or left out for good. */
  passed(sourceDone: number): void {
    if (this.#search !== undefined && sourceDone >= this.#search.sourceEnd) this.#search = undefined
    if (this.#refused === undefined) return
    for (const offset of this.#refused.keys()) if (offset < sourceDone) this.#refused.delete(offset)
  }

  async keep(records: readonly RefusedRecord[], tenure: Tenure): Promise<void> {
    await this.#options.keep?.(records, { flow: this.#flow, tenure })
  }

  tell(records: readonly RefusedRecord[]): void {
    for (const record of records) this.#options.tell?.(record, this.#flow)
  }

  #keptLimit() {
    return this.#limit !== undefined && this.#ageMs(this.#limit) <= KEPT_MS ? this.#limit : undefined
  }

  #ageMs({ learnedMs }: { readonly learnedMs: number }): number {
    return this.#options.clock.monotonicMs() - learnedMs
  }
}
