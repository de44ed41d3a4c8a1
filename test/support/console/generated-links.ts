import { linkName, regionName } from '../../../src/core/index.ts'
import type { FlowStatus, GroupStatus, LinkStatus } from '../../../src/replication/index.ts'
import { flowStatus, groupStatus, linkStatus } from '../fake-replicator.ts'

export interface GeneratedSize {
  readonly topics: number
  readonly partitions: number
  readonly groups: number
}

/** A link as it looks over so many topics: most keep up, some are behind, a few have stopped. */
export function generateLink(
  { source, target, group }: { readonly source: string; readonly target: string; readonly group: string },
  { topics, partitions, groups }: GeneratedSize,
  nowMs: number,
): LinkStatus {
  const link = linkName(`${group}-${source}-to-${target}`)
  const each = Math.max(1, Math.round(partitions / topics))
  const flows: FlowStatus[] = []
  for (let topic = 0; topic < topics; topic++) {
    for (let partition = 0; partition < each; partition++) flows.push(generateFlow(link, topic, partition, nowMs))
  }
  return linkStatus({
    link,
    source: regionName(source),
    target: regionName(target),
    flows,
    groups: Array.from({ length: groups }, (_, at) => generateGroup(link, at, nowMs)),
  })
}

function nameTopic(topic: number): string {
  return `orders.${['created', 'paid', 'shipped', 'returned'][topic % 4]}.${String(topic).padStart(5, '0')}`
}

function generateFlow(link: LinkStatus['link'], topic: number, partition: number, nowMs: number): FlowStatus {
  const at = topic * 7 + partition
  const name = nameTopic(topic)
  const isStopped = at % 9_973 === 17
  const lagRecords = isStopped ? null : at % 50 === 0 ? at % 4_000 : 0
  return flowStatus({
    link,
    topic: name,
    targetTopic: name,
    partition,
    state: isStopped ? 'stopped' : 'running',
    reason: isStopped ? 'someone else wrote to the target' : 'running',
    sourceNext: 100_000 + at,
    targetNext: 100_000 + at,
    sourceEnd: 100_000 + at + (lagRecords ?? 0),
    lagRecords,
    lagSeconds: lagRecords === null ? null : lagRecords / 500,
    observedAtMs: nowMs - 400,
    offsetsIdentical: true,
    fault: isStopped
      ? {
          code: 'FLOW_DIVERGED',
          message: 'someone else wrote',
          remedy: 'see isthmus incidents',
          sinceMs: nowMs - 60_000,
        }
      : null,
  })
}

function generateGroup(link: LinkStatus['link'], at: number, nowMs: number): GroupStatus {
  const topic = nameTopic(at)
  const rereadRecords = at % 20 === 3 ? 120 + at : 0
  return groupStatus({
    link,
    group: `billing-${String(at).padStart(4, '0')}`,
    syncedAtMs: nowMs - 1_500,
    rereadRecords,
    positions: [
      {
        topic,
        targetTopic: topic,
        partition: 0,
        sourceOffset: 99_000 + at,
        targetOffset: 99_000 + at,
        behindRecords: 0,
        rereadRecords,
      },
    ],
  })
}
