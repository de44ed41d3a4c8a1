import { type Clock, type Pass, type Reconciler, runLoop } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import type { Flow } from './flows/flow.ts'

const EVERY_MS = 5_000
/** With more, each pass looks at the next ones. */
const FLOWS_PER_PASS = 2_000

export interface TargetWatchOptions {
  readonly target: Cluster
  readonly flows: () => Iterable<Flow>
  readonly clock: Clock
  /** Told the id of the cluster with each pass; throws where it is not the one that was copied into. */
  readonly onCluster: (clusterId: string) => void
  readonly onError: (error: unknown) => void
}

/** A flow with nothing on the way, and where it stood before the look. */
interface Idle {
  readonly flow: Flow
  readonly generation: number
  readonly targetDone: number
}

interface Moved extends Idle {
  readonly end: number
}

interface Decision {
  readonly moved: readonly Moved[]
  readonly reason: string
}

/**
 * Looks at the target every 5 s: is it still the same cluster, and do the partitions of idle flows end where the copy
 * does? A flow that sends notices a foreign record by its next acknowledgement, and a tail that an unclean election took;
 * one with nothing to send would notice it only when it has, and tell no lag until then. One metadata request, and one
 * ListOffsets a broker over the idle ones of 2,000 flows, in turns.
 */
export class TargetWatch implements Reconciler<readonly Moved[], Decision> {
  readonly #options: TargetWatchOptions
  /** How many flows have had their turn in this round over all of them. */
  #seen = 0

  constructor(options: TargetWatchOptions) {
    this.#options = options
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options
    return runLoop(this, { clock, signal, everyMs: EVERY_MS, afterErrorMs: EVERY_MS, onError })
  }

  async observe(signal: AbortSignal): Promise<readonly Moved[]> {
    const { target, onCluster } = this.#options
    onCluster((await target.metadata([], signal)).clusterId)
    const idle = new Map<string, Idle>()
    for (const flow of this.#nextFlows()) {
      const { targetDone, generation, isOpen, isCertain } = flow
      if (!isOpen || !isCertain || targetDone === null) continue
      const { targetTopic, partition } = flow.spec.key
      idle.set(`${targetTopic}/${partition}`, { flow, generation, targetDone })
    }
    if (idle.size === 0) return []
    const partitions = [...idle.values()].map(({ flow: { spec } }) => {
      return { topic: spec.key.targetTopic, partition: spec.key.partition, timestamp: -1 }
    })
    const listed = await target.listOffsets({ isolation: 'read_uncommitted', partitions, deadlineMs: 0 }, signal)
    return listed.flatMap(({ topic, partition, errorCode, offset }) => {
      const one = idle.get(`${topic}/${partition}`)
      return one !== undefined && errorCode === 0 && offset !== one.targetDone ? [{ ...one, end: offset }] : []
    })
  }

  #nextFlows(): Flow[] {
    const next = [...this.#options.flows()].slice(this.#seen, this.#seen + FLOWS_PER_PASS)
    this.#seen = next.length < FLOWS_PER_PASS ? 0 : this.#seen + FLOWS_PER_PASS
    return next
  }

  /** Only those for which nothing has happened since: what was sent meanwhile is checked when it is acknowledged. */
  decide(looked: readonly Moved[]): Decision {
    const moved = looked.filter(({ flow, generation, targetDone }) => {
      return flow.isCertain && flow.generation === generation && flow.targetDone === targetDone
    })
    return { moved, reason: moved.length === 0 ? 'the target ends where the copy does' : 'the target ends elsewhere' }
  }

  act({ moved, reason }: Decision): Promise<Pass> {
    for (const { flow, targetDone, end } of moved) {
      const guess = end > targetDone ? 'somebody else may have written' : 'it may have lost records'
      const why = `the target ends at ${end}, and the copy at ${targetDone}: ${guess}`
      flow.end({ kind: 'recover', reason: why, afterMs: 0 })
    }
    return Promise.resolve({ kind: 'done', reason })
  }
}
