import { type Clock, runLoop } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { MAP_TOPIC, type MapTopic } from './map-topic.ts'

const EVERY_MS = 5_000
const UNKNOWN_TOPIC = 3

export interface MapWatchOptions {
  readonly cluster: Cluster
  readonly clock: Clock
  known(): MapTopic
  /** The map topic is not there, or was made anew. */
  onLost(reason: string, signal: AbortSignal): Promise<void>
  onError(error: unknown): void
}

/**
 * Looks whether the map topic is still the one that is being written to. A copy whose offsets run in step writes
 * nothing to it for an hour: it would notice the loss only when it is started again.
 */
export function watchMapTopic(options: MapWatchOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock } = options
  const onError = (error: unknown) => options.onError(error)
  let suspected: string | undefined
  const pass = {
    observe: async () => (await cluster.metadata([MAP_TOPIC], signal)).topics.find(({ name }) => name === MAP_TOPIC),
    decide: (topic: { readonly errorCode: number; readonly topicId: string } | undefined) => {
      if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC) return { isLost: true, reason: 'it is gone' }
      const isLost = topic.errorCode === 0 && topic.topicId !== options.known().topicId
      return { isLost, reason: isLost ? 'it was made anew' : 'it is there' }
    },
    act: async ({ reason, isLost }: { readonly reason: string; readonly isLost: boolean }) => {
      // A broker that has just started may not know all topics: it is looked at twice.
      if (isLost && suspected !== undefined) await options.onLost(reason, signal)
      suspected = isLost ? reason : undefined
      return { kind: 'done' as const, reason }
    },
  }
  return runLoop(pass, { clock, signal, everyMs: EVERY_MS, afterErrorMs: EVERY_MS, onError })
}
