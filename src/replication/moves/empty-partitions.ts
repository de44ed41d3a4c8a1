/**
 * Empties partitions that are to be copied again, up to their ends: `turn-flow.ts` then begins anew behind them.
 *
 * A topic that is only compacted refuses DeleteRecords. It gets `compact,delete` with unlimited retention for the moment.
 * Where that is not taken back, because whoever did it stopped in between, the topic sync of the link does it.
 */
import { type Clock, pause } from '../../core/index.ts'
import { type Cluster, type ConfigEntry, errorName, isRetriableCode, type TopicPartition } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { isCompactOnly } from '../topics/standby-configs.ts'
import { listOf } from './partition-text.ts'

const POLICY_VIOLATION = 44
const POLL_MS = 100
const POLLS_MAX = 100

const FOR_THE_MOMENT = { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1', 'retention.bytes': '-1' } as const

/** Of one topic. Faults: TARGET_NOT_READY, PARTITION_REFUSED. */
export async function emptyPartitions(
  { cluster, clock }: { readonly cluster: Cluster; readonly clock: Clock },
  {
    topic,
    bounds,
  }: { readonly topic: string; readonly bounds: readonly (TopicPartition & { readonly offset: number })[] },
  signal: AbortSignal,
): Promise<void> {
  const [configs] = await cluster.describeTopicConfigs([topic], signal)
  const entries = configs?.entries ?? []
  const isRefused = isCompactOnly(entries)
  if (isRefused) await cluster.alterTopicConfigs(topic, FOR_THE_MOMENT, signal)
  try {
    await deleteAll(cluster, clock, bounds, signal)
  } finally {
    if (isRefused) await cluster.alterTopicConfigs(topic, ownValues(entries), signal)
  }
}

/** Brokers hear of the other policy one after the other. */
async function deleteAll(
  cluster: Cluster,
  clock: Clock,
  bounds: readonly (TopicPartition & { readonly offset: number })[],
  signal: AbortSignal,
): Promise<void> {
  let left = bounds
  for (let polls = 0; ; polls++) {
    const outcomes = await cluster.deleteRecords(left, signal)
    const failed = outcomes.filter(({ errorCode }) => errorCode !== 0)
    const [first] = failed
    if (first === undefined) return
    const mayPass = failed.every(({ errorCode }) => errorCode === POLICY_VIOLATION || isRetriableCode(errorCode))
    const facts = { what: listOf(failed.map(({ topic, partition }) => `${topic}-${partition}`)), target: cluster.name }
    const error = errorName(first.errorCode)
    if (!mayPass) throw replicationFaults.fault('PARTITION_REFUSED', { ...facts, error })
    if (polls === POLLS_MAX) throw replicationFaults.fault('TARGET_NOT_READY', { ...facts, reason: error })
    const names = new Set(failed.map(({ topic, partition }) => `${topic}-${partition}`))
    left = left.filter(({ topic, partition }) => names.has(`${topic}-${partition}`))
    await pause(clock, POLL_MS, signal)
    signal.throwIfAborted()
  }
}

/** What the topic itself had, in the form of the changes that bring it back. */
function ownValues(entries: readonly ConfigEntry[]): Record<string, string | null> {
  const own = new Map(entries.filter(({ source }) => source === 'topic').map(({ name, value }) => [name, value]))
  return Object.fromEntries(Object.keys(FOR_THE_MOMENT).map((name) => [name, own.get(name) ?? null]))
}
