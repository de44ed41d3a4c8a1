/**
 * What became of a transaction that is open in a partition although its coordinator takes it for ended. That comes from
 * a coordinator that was killed between its decision and the markers: loaded again while the partition has no leader, it
 * skips the marker for good, and what an application was told is committed stays invisible (seen on 4.3.1).
 *
 * The coordinator's own log still has the decision. It is believed where it belongs to exactly this transaction: with
 * KIP-890 the epoch is raised by every end, so that a decision under the next epoch, right behind an entry of the open
 * one that counts the partition to it, is about no other. Older clients keep their epoch; theirs is left to a person.
 */
import type { Clock } from '../../core/index.ts'
import {
  type Cluster,
  type CoordinatorEntry,
  coordinatorPartition,
  decodeCoordinatorEntry,
  type ProducerIdentity,
  type TopicPartition,
  TRANSACTION_LOG,
} from '../../kafka/index.ts'
import { highWatermark, logStart } from '../flows/log-ends.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import { Pace } from '../verification/pace.ts'
import { textOf } from './partition-text.ts'
import { committedRecords } from './read-on.ts'

export interface CoordinatorLog {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly clock: Clock
}

export type Decided = 'committed' | 'aborted'

/** Newest offsets of the coordinator's log that are read: an entry takes about 150 bytes. */
const OFFSETS_MOST = 200_000
const READ_BYTES_PER_SECOND = 1e9

/** Undefined where the log does not tell any more, or may not be read. */
export async function readDecision(
  { cluster, reader, clock }: CoordinatorLog,
  transactionalId: string,
  open: ProducerIdentity & TopicPartition,
  signal: AbortSignal,
): Promise<Decided | undefined> {
  const { topics } = await cluster.metadata([TRANSACTION_LOG], signal)
  const { topicId = '', errorCode = -1, partitions = [] } = topics[0] ?? {}
  if (errorCode !== 0) return undefined
  const ref = { topic: TRANSACTION_LOG, topicId, partition: coordinatorPartition(transactionalId, partitions.length) }
  const to = await highWatermark(cluster, ref, signal)
  const from = Math.max(await logStart(cluster, ref, signal), to - OFFSETS_MOST)
  const pace = new Pace(clock, READ_BYTES_PER_SECOND)
  const entries: CoordinatorEntry[] = []
  for await (const { records } of committedRecords({ cluster, reader, ref, clock, pace }, { from, to }, signal)) {
    for (const { key, value } of records) {
      const entry = decodeCoordinatorEntry(key, value)
      if (entry?.transactionalId === transactionalId && entry.producerId === open.producerId) entries.push(entry)
    }
  }
  return judgeDecision(entries, open)
}

/** Pure. `entries`: of one transactional id and producer, in the order of the log. */
export function judgeDecision(
  entries: readonly CoordinatorEntry[],
  open: ProducerIdentity & TopicPartition,
): Decided | undefined {
  const holds = ({ partitions }: CoordinatorEntry) => partitions.some((at) => textOf(at) === textOf(open))
  const at = entries.findLastIndex(({ producerEpoch, status }) => {
    return producerEpoch === open.producerEpoch + 1 && (status === 'prepare-commit' || status === 'prepare-abort')
  })
  const [before, decision] = [entries[at - 1], entries[at]]
  if (before === undefined || decision === undefined || !holds(decision) || !holds(before)) return undefined
  if (before.status !== 'ongoing' || before.producerEpoch !== open.producerEpoch) return undefined
  return decision.status === 'prepare-commit' ? 'committed' : 'aborted'
}
