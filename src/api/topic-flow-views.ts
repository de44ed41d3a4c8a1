import type { FlowStatus, LinkStatus } from '../replication/index.ts'
import type { TopicFlowsBody, TopicFlowsEntry, TopicFlowsQuery } from './contract/index.ts'
import { sumLink } from './summary.ts'

/** The flows of a link by topic, for pages over tens of thousands of them. Pure. */
export function viewTopicFlows(
  { link, flows }: Pick<LinkStatus, 'link' | 'flows'>,
  { search = '', state, order = 'lag', offset = 0, limit = 100 }: TopicFlowsQuery,
  nowMs: number,
): TopicFlowsBody {
  const topics = new Map<string, FlowStatus[]>()
  for (const flow of flows) {
    if (!flow.topic.includes(search)) continue
    const known = topics.get(flow.topic)
    if (known === undefined) topics.set(flow.topic, [flow])
    else known.push(flow)
  }
  const matching = [...topics.values()].filter((one) => state === undefined || one.some((flow) => flow.state === state))
  const ranked = matching.map((one) => ({ one, rank: order === 'lag' ? rankOf(one) : 0, topic: one[0]?.topic ?? '' }))
  ranked.sort((a, b) => b.rank - a.rank || (a.topic < b.topic ? -1 : 1))
  return {
    link,
    atMs: nowMs,
    total: matching.length,
    flows: matching.reduce((sum, one) => sum + one.length, 0),
    topics: ranked.slice(offset, offset + limit).map(({ one }) => viewTopic(one, nowMs)),
  }
}

/** A flow that has stopped, or whose lag is not known, stands before every one that is known to be behind. */
function rankOf(flows: readonly FlowStatus[]): number {
  let records = 0
  let unknown = 0
  let stopped = 0
  for (const flow of flows) {
    if (flow.state === 'stopped') stopped++
    else if (flow.lagRecords === null && flow.state !== 'elsewhere') unknown++
    records += flow.lagRecords ?? 0
  }
  return stopped > 0 ? Number.MAX_SAFE_INTEGER : unknown > 0 ? Number.MAX_SAFE_INTEGER / 2 : records
}

function viewTopic(flows: readonly FlowStatus[], nowMs: number): TopicFlowsEntry {
  const { flows: states, ...sums } = sumLink({ flows }, nowMs)
  return {
    topic: flows[0]?.topic ?? '',
    targetTopic: flows[0]?.targetTopic ?? '',
    partitions: flows.length,
    running: states.running,
    stopped: states.stopped,
    elsewhere: states.elsewhere,
    lagRecords: sums.lagRecords,
    lagSeconds: sums.lagSeconds,
    lagAgeSeconds: sums.lagAgeSeconds,
    lagUnknown: sums.lagUnknownFlows,
    recordsLost: sums.recordsLost,
  }
}
