import { type Clock, type Fault, isFault, type Random } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import type { MapMemory } from '../offset-map/index.ts'
import type { MapTopic } from '../shards/map-topic.ts'
import { MOVE_PREFIX } from '../shards/moved.ts'
import { type Takeover, takeOver } from '../shards/takeover.ts'
import type { TargetLog } from '../shards/target-log.ts'
import { Tenure } from '../shards/tenure.ts'

/** What taking the shards of a target over for a moment needs. */
export interface ShardContext {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly log: TargetLog
  readonly mapTopic: MapTopic
  readonly memory: MapMemory
  readonly acknowledgeUnfenced: boolean
  readonly clock: Clock
  readonly random: Random
  /** Has whoever in this process owns the shard let go of it meanwhile. */
  lend<Result>(shard: number, use: () => Promise<Result>): Promise<Result>
}

/** A shard that was taken over for the moment. */
export interface ShardReign {
  readonly takeover: Takeover
  readonly tenure: Tenure
}

/**
 * Takes a shard over, writes what is to be written in its map, and hands it over. `by`: who does it and why, for the owner
 * entry. Faults: those of a takeover.
 */
export function underShard<Result>(
  context: ShardContext,
  { shard, by }: { readonly shard: number; readonly by: string },
  use: (reign: ShardReign) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const { clock, random, log, mapTopic } = context
  return context.lend(shard, async () => {
    const takeover = await takeOver({ ...context, mapTopic: () => mapTopic }, shard, signal)
    const tenure = new Tenure(shard, takeover, { log, mapTopicId: mapTopic.topicId, clock, random })
    const { identity, transactionalId } = takeover
    // Its writer tries again for as long as the tenure lasts, also where it may not send anything any more.
    const onAbort = () => tenure.end({ kind: 'restart', reason: 'nobody waits for it any more' })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      const owner = { kind: 'owner' as const, ...identity, transactionalId, atMs: clock.nowMs() }
      await tenure.writer.append({ ...owner, processId: `${MOVE_PREFIX}${by}` })
      const result = await use({ takeover, tenure })
      if (tenure.canHandOver) await tenure.writer.appendLast({ kind: 'hand-over', ...identity, atMs: clock.nowMs() })
      return result
    } finally {
      signal.removeEventListener('abort', onAbort)
      tenure.end({ kind: 'restart', reason: 'what it was taken over for is done' })
    }
  })
}

/** Somebody else has taken the shard meanwhile: the next try takes it back. */
export function isShardDuel(error: unknown): error is Fault {
  return isFault(error) && (error.code === 'SHARD_FENCED' || error.code === 'KAFKA_PRODUCER_FENCED')
}
