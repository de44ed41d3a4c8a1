import { type Clock, pause } from '../../core/index.ts'
import type { GroupDocument, PartitionLoss } from '../../failover/index.ts'

/** What is missing on the standby that is furthest behind; undefined where that is not known of every partition. */
export type Missing = readonly PartitionLoss[] | undefined

export interface GroupLagsOptions {
  readonly groups: readonly string[]
  readonly document: (group: string) => GroupDocument | undefined
  /** By standby. */
  readonly missingOf: (document: GroupDocument, signal: AbortSignal) => Promise<readonly Missing[]>
  readonly isNeeded: () => boolean
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

const EVERY_MS = 5_000
/** A look pauses for this many times as long as it took, so that large groups cost a twentieth of the time at most. */
const REST = 20

const UNKNOWN = 'unknown'

/** How far behind the copies of each group are, as one word for people. */
export class GroupLags {
  readonly #options: GroupLagsOptions
  readonly #lags = new Map<string, string>()

  constructor(options: GroupLagsOptions) {
    this.#options = options
  }

  of(group: string): string {
    return this.#lags.get(group) ?? UNKNOWN
  }

  /** Looks again and again, until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { groups, isNeeded, clock } = this.#options
    while (!signal.aborted) {
      const beganMs = clock.monotonicMs()
      if (isNeeded()) for (const group of groups) this.#lags.set(group, await this.#look(group, signal))
      else this.#lags.clear()
      await pause(clock, Math.max(EVERY_MS, (clock.monotonicMs() - beganMs) * REST), signal)
    }
  }

  async #look(group: string, signal: AbortSignal): Promise<string> {
    const { document: documentOf, missingOf, onError } = this.#options
    const document = documentOf(group)
    if (document === undefined || signal.aborted) return UNKNOWN
    try {
      return describeLag(await missingOf(document, signal))
    } catch (error) {
      if (!signal.aborted) onError(error)
      return UNKNOWN
    }
  }
}

/** Pure. Seconds where every partition tells them, else records. */
export function describeLag(standbys: readonly Missing[]): string {
  if (standbys.length === 0 || standbys.includes(undefined)) return UNKNOWN
  const losses = standbys.map((missing) => missing ?? [])
  const all = losses.flat()
  if (all.length === 0) return UNKNOWN
  const waiting = all.flatMap(({ records, waitingMs }) => (records === 0 ? 0 : (waitingMs ?? [])))
  if (waiting.length === all.length) return `${Math.ceil(Math.max(...waiting) / 1_000)}s`
  const records = losses.map((missing) => missing.reduce((sum, loss) => sum + loss.records, 0))
  return `${Math.max(...records)} records`
}
