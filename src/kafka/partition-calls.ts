import type { PartitionOutcome, TopicPartition } from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { type Located, spreadCall } from './spread-calls.ts'

/** A call over partitions, each sent to its leader. */
export interface LeaderCall<Item extends TopicPartition, Outcome extends PartitionOutcome> {
  readonly items: readonly Item[]
  /** @defaultValue `CALL_DEADLINE_MS` */
  readonly deadlineMs?: number | undefined
  call(nodeId: number, items: readonly Item[], signal: AbortSignal): Promise<readonly Outcome[]>
  fail(item: Item, errorCode: number): Outcome
}

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}

/** The outcome of a call that answers with nothing but codes. */
export function failPartition({ topic, partition }: TopicPartition, errorCode: number): PartitionOutcome {
  return { topic, partition, errorCode }
}

export function callLeaders<Item extends TopicPartition, Outcome extends PartitionOutcome>(
  parts: ClusterParts,
  call: LeaderCall<Item, Outcome>,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const spread = {
    ...call,
    deadlineMs: call.deadlineMs ?? CALL_DEADLINE_MS,
    keyOf: partitionKey,
    keyOfOutcome: partitionKey,
    codeOf: (outcome: Outcome) => outcome.errorCode,
    locate: (items: readonly Item[], signal: AbortSignal) => locateLeaders(parts, items, signal),
    renew: (items: readonly Item[], _: readonly Outcome[], signal: AbortSignal) =>
      parts.refresh.refresh(topicsOf(items), signal),
  }
  return spreadCall<Item, Outcome>(spread, parts.retryContext(signal))
}

async function locateLeaders<Item extends TopicPartition>(
  parts: ClusterParts,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<Located<Item>[]> {
  const { view, refresh } = parts
  const unknown = items.filter(({ topic, partition }) => view.leaderOf(topic, partition) === undefined)
  if (unknown.length > 0) await refresh.refresh(topicsOf(unknown), signal)
  return items.map((item) => {
    const leader = view.leaderOf(item.topic, item.partition)
    if (leader !== undefined) return { item, nodeId: leader.leaderId }
    return { item, errorCode: view.codeOf(item.topic, item.partition) }
  })
}

function topicsOf(items: readonly TopicPartition[]): string[] {
  return [...new Set(items.map(({ topic }) => topic))]
}
