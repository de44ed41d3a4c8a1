import { type Clock, type Pass, runLoop } from '../../core/index.ts'
import type { ReplicationStatus } from '../../replication/index.ts'

/** Where a source partition ended, and when it was seen to. */
export interface SeenEnd {
  readonly region: string
  readonly topic: string
  readonly partition: number
  readonly end: number
  readonly atMs: number
}

interface Row {
  readonly from: SeenEnd
  readonly to: SeenEnd
}

/** The shortest time that a rate is told from, and how long one is kept as it grows. */
const SPAN_LEAST_MS = 200
const SPAN_MOST_MS = 60_000
const EVERY_MS = 5_000
/** Those that were seen first are forgotten beyond it. */
const ROWS_MAX = 200_000

/**
 * Where source partitions were last seen to end, and how fast they were written to: what is known of a source that does not
 * answer any more.
 */
export class SourceRates {
  readonly #rows = new Map<string, Row>()
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined

  /** `look`: where sources end now, as far as that is told. */
  start(options: {
    readonly look: (signal: AbortSignal) => Promise<readonly SeenEnd[]>
    readonly clock: Clock
    readonly onError: (error: unknown) => void
  }): void {
    const { look, clock, onError } = options
    this.#running ??= runLoop<readonly SeenEnd[], { readonly ends: readonly SeenEnd[]; readonly reason: string }>(
      {
        observe: look,
        decide: (ends) => ({ ends, reason: `the ends of ${ends.length} partitions` }),
        act: ({ ends, reason }): Promise<Pass> => {
          this.note(ends)
          return Promise.resolve({ kind: 'done', reason })
        },
      },
      { clock, signal: this.#stopped.signal, everyMs: EVERY_MS, afterErrorMs: EVERY_MS, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('stopped'))
    await this.#running
  }

  note(ends: readonly SeenEnd[]): void {
    for (const seen of ends) {
      const key = keyOf(seen)
      const row = this.#rows.get(key)
      if (row === undefined || seen.end < row.to.end) this.#rows.set(key, { from: seen, to: seen })
      else if (seen.atMs > row.to.atMs) {
        const isLong = row.to.atMs - row.from.atMs > SPAN_MOST_MS
        this.#rows.set(key, { from: isLong ? row.to : row.from, to: seen })
      }
    }
    for (const key of this.#rows.keys()) {
      if (this.#rows.size <= ROWS_MAX) break
      this.#rows.delete(key)
    }
  }

  /** Undefined where it was never seen. */
  lastOf(of: Pick<SeenEnd, 'region' | 'topic' | 'partition'>): SeenEnd | undefined {
    return this.#rows.get(keyOf(of))?.to
  }

  /** What a region had when it was last heard of: partitions that were not seen any more by then are left out. */
  seenIn(region: string): SeenEnd[] {
    const seen = [...this.#rows.values()].map(({ to }) => to).filter((one) => one.region === region)
    const lastMs = seen.reduce((latest, { atMs }) => Math.max(latest, atMs), 0)
    return seen.filter(({ atMs }) => lastMs - atMs <= SPAN_MOST_MS)
  }

  /** Records per second; undefined where it was not seen for long enough. */
  rateOf(of: Pick<SeenEnd, 'region' | 'topic' | 'partition'>): number | undefined {
    const grown = this.grownOf(of)
    return grown && (grown.records / grown.spanMs) * 1_000
  }

  /** By how much it grew in the time that a rate is told from; undefined where it was not seen for long enough. */
  grownOf(
    of: Pick<SeenEnd, 'region' | 'topic' | 'partition'>,
  ): { readonly records: number; readonly sinceMs: number; readonly spanMs: number } | undefined {
    const row = this.#rows.get(keyOf(of))
    if (row === undefined) return undefined
    const { from, to } = row
    const spanMs = to.atMs - from.atMs
    return spanMs < SPAN_LEAST_MS ? undefined : { records: to.end - from.end, sinceMs: from.atMs, spanMs }
  }
}

/** Of every flow whose source was heard of. */
export function endsOf(links: ReplicationStatus['links']): SeenEnd[] {
  return links.flatMap(({ source: region, flows }) => {
    return flows.flatMap(({ topic, partition, sourceHighWatermark: end, observedAtMs: atMs }) => {
      return end === null || atMs === null ? [] : [{ region, topic, partition, end, atMs }]
    })
  })
}

function keyOf({ region, topic, partition }: Pick<SeenEnd, 'region' | 'topic' | 'partition'>): string {
  return `${region}/${topic}-${partition}`
}
