import { type Clock, pause } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ShardMap } from '../offset-map/index.ts'
import { transactionalIdOf } from './takeover.ts'

/** How the owner entry of a move begins, which takes a shard for a moment to end copies of it. */
export const MOVE_PREFIX = 'move: '

const POLL_MS = 200
const POLLS_MAX = 50

/**
 * Whether the owner that has taken a shard is a move, and is done with it: it has written its entry and handed over. A
 * move that stops half-way is waited for ten seconds; to take the shard over again is then safe, and fences it.
 */
export async function wasTakenByMove(
  context: {
    readonly cluster: Cluster
    readonly clock: Clock
    readonly readMap: (signal: AbortSignal) => Promise<ShardMap>
  },
  shard: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { cluster, clock, readMap } = context
  let isMove = false
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    const holder = await cluster.describeTransaction(transactionalIdOf(shard), signal)
    const map = await readMap(signal)
    const isCurrent = holder?.producerId === map.owner?.producerId && holder?.producerEpoch === map.owner?.producerEpoch
    if (isCurrent) {
      isMove = map.owner?.processId.startsWith(MOVE_PREFIX) ?? false
      if (!isMove || map.handOver !== undefined) return isMove
    }
    await pause(clock, POLL_MS, signal)
    signal.throwIfAborted()
  }
  return isMove
}
