import { type Clock, type Events, type LinkName, type Pass, type Reconciler, runLoop } from '../core/index.ts'
import { type Cluster, errorName, type PartitionOutcome } from '../kafka/index.ts'
import { cleanMap } from './clean-map.ts'
import type { ReplicationEvents } from './events.ts'
import { replicationFaults } from './faults.ts'
import type { Flow } from './flows/flow.ts'
import type { Segment } from './offset-map/index.ts'

const EVERY_MS = 5_000

export interface LogStartFollowerOptions {
  readonly link: LinkName
  readonly target: Cluster
  /** `compactOnly`: topics that are only compacted refuse DeleteRecords. */
  readonly flows: () => Iterable<{ readonly flow: Flow; readonly topic: { readonly compactOnly: boolean } }>
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

interface Bound {
  readonly flow: Flow
  readonly sourceStart: number
  readonly targetStart: number
}

interface Decision {
  readonly bounds: readonly Bound[]
  readonly reason: string
}

/**
 * A standby never expires anything by itself: its retention is unlimited, and it follows the source's log start with
 * DeleteRecords, so that both sides hold the same records. Every 5 s, for flows whose source start has moved; what the
 * map then no longer needs is deleted too.
 */
export class LogStartFollower implements Reconciler<readonly Bound[], Decision> {
  readonly #options: LogStartFollowerOptions
  /** Per flow the source start that was applied last. */
  readonly #applied = new WeakMap<Flow, number>()
  readonly #cleaning = new Set<Flow>()
  #told = ''

  constructor(options: LogStartFollowerOptions) {
    this.#options = options
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, events, link } = this.#options
    return runLoop(this, {
      clock,
      signal,
      everyMs: EVERY_MS,
      afterErrorMs: EVERY_MS,
      onError: (error) => events.emit('link:error', { link, what: 'following log starts', error }),
    })
  }

  async observe(signal: AbortSignal): Promise<readonly Bound[]> {
    const bounds: Bound[] = []
    for (const { flow, topic } of this.#options.flows()) {
      const sourceStart = flow.sight?.start ?? 0
      const { sourceDone: source, targetDone: target } = flow
      if (topic.compactOnly || source === null || target === null || sourceStart === 0) continue
      if (sourceStart === this.#applied.get(flow)) continue
      const map = flow.tenure?.map.flow(flow.spec.key)
      if (map === undefined || flow.tenure?.signal.aborted === true) continue
      const found = await map.findTarget(sourceStart, signal, { source, target })
      bounds.push({ flow, sourceStart, targetStart: found.offset })
    }
    return bounds
  }

  decide(bounds: readonly Bound[]): Decision {
    return { bounds, reason: bounds.length === 0 ? 'no log start has moved' : `${bounds.length} log starts have moved` }
  }

  async act({ bounds, reason }: Decision, signal: AbortSignal): Promise<Pass> {
    const wanted = bounds.filter(({ targetStart }) => targetStart > 0)
    if (wanted.length > 0) {
      const records = wanted.map(({ flow, targetStart: offset }) => {
        const { targetTopic: topic, partition } = flow.spec.key
        return { topic, partition, offset }
      })
      const outcomes = await this.#options.target.deleteRecords(records, signal)
      const refused = outcomes.filter(({ errorCode }) => errorCode !== 0)
      this.#tell(refused)
      const failed = new Set(refused.map(({ topic, partition }) => `${topic}-${partition}`))
      for (const { flow, sourceStart: source, targetStart: target } of wanted) {
        const { targetTopic, partition } = flow.spec.key
        if (failed.has(`${targetTopic}-${partition}`)) continue
        this.#applied.set(flow, source)
        this.#clean(flow, { source, target }, signal)
      }
    }
    return { kind: 'done', reason }
  }

  /** Aside: a map partition that takes no entries must not hold up the other flows. One at a time a flow. */
  #clean(flow: Flow, logStarts: Segment, signal: AbortSignal): void {
    if (this.#cleaning.has(flow)) return
    this.#cleaning.add(flow)
    const { link, events, clock } = this.#options
    cleanMap(flow, logStarts, clock.nowMs(), signal)
      .catch((error: unknown) => {
        const isOver = signal.aborted || flow.tenure?.signal.aborted === true
        if (!isOver) events.emit('link:error', { link, what: 'cleaning the offset map', error })
      })
      .finally(() => this.#cleaning.delete(flow))
  }

  /** The first refusal, and again only when it is another one. */
  #tell(refused: readonly PartitionOutcome[]): void {
    const [first] = refused
    const what = first === undefined ? '' : `${first.topic}-${first.partition}`
    if (first !== undefined && what !== this.#told) {
      const { link, target, events } = this.#options
      const facts = { target: target.name, what, error: errorName(first.errorCode) }
      const error = replicationFaults.fault('LOG_START_REFUSED', facts)
      events.emit('link:error', { link, what: 'following log starts', error })
    }
    this.#told = what
  }
}
