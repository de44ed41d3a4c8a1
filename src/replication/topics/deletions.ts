import type { Clock } from '../../core/index.ts'
import type { CopiedFlow } from '../offset-map/index.ts'

/**
 * The grace of copies whose source topic was deleted, for links that follow deletions. Nothing about it is kept outside
 * of this process: after a restart the grace starts anew.
 *
 * What counts as deleted is decided by `observeTopics`: the source answers, lists other topics, and says of this very
 * name that there is none. A pass that cannot look changes nothing, and the last look before the deletion has to find
 * the topic gone still.
 */
export interface DeletionPolicy {
  readonly follow: boolean
  readonly graceMs: number
}

/** A copy whose source topic is not there. */
export interface GoneTopic {
  readonly topic: string
  readonly targetTopic: string
  readonly targetTopicId: string
  /** Its flows in the offset map. */
  readonly flows: readonly CopiedFlow[]
}

export interface PendingDeletion extends GoneTopic {
  /** When the source topic was first found gone; wall clock. */
  readonly sinceMs: number
  /** Until the copy is deleted; 0 when it is due. */
  readonly leftMs: number
}

export class DeletionGrace {
  readonly #clock: Clock
  readonly #graceMs: number
  readonly #since = new Map<string, { readonly wallMs: number; readonly fromMs: number }>()

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock
    this.#graceMs = graceMs
  }

  /** All that is gone by now: a topic that is left out has come back, and its grace is over. */
  update(gone: readonly GoneTopic[]): PendingDeletion[] {
    const idOf = ({ topic, targetTopicId }: GoneTopic) => `${topic} ${targetTopicId}`
    const ids = new Set(gone.map(idOf))
    for (const id of this.#since.keys()) if (!ids.has(id)) this.#since.delete(id)
    const nowMs = this.#clock.monotonicMs()
    return gone.map((one) => {
      const since = this.#since.get(idOf(one)) ?? { wallMs: this.#clock.nowMs(), fromMs: nowMs }
      this.#since.set(idOf(one), since)
      return { ...one, sinceMs: since.wallMs, leftMs: Math.max(0, since.fromMs + this.#graceMs - nowMs) }
    })
  }
}

/**
 * Copies of this link whose topics the source does not list, as they stand on the target: candidates only, to be asked
 * for by name. Copies of another cluster of the same name are none.
 */
export function findGoneTopics(
  copies: readonly CopiedFlow[],
  at: {
    readonly sourceClusterId: string
    readonly sourceTopics: ReadonlySet<string>
    /** Ids by name. */
    readonly targetTopics: ReadonlyMap<string, string>
  },
): GoneTopic[] {
  if (at.sourceTopics.size === 0) return []
  const gone = copies.filter(
    ({ key, sourceClusterId, targetTopicId }) =>
      sourceClusterId === at.sourceClusterId &&
      !at.sourceTopics.has(key.topic) &&
      at.targetTopics.get(key.targetTopic) === targetTopicId,
  )
  return [...Map.groupBy(gone, ({ key }) => key.targetTopic).values()].flatMap((flows) => {
    const [first] = flows
    if (first === undefined) return []
    const { key, targetTopicId } = first
    return [{ topic: key.topic, targetTopic: key.targetTopic, targetTopicId, flows }]
  })
}
