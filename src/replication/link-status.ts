import { describeFlow, remainingRecords } from './flow-status.ts'
import { explainPause } from './link-pauses.ts'
import type { LinkRunner } from './link-runner.ts'
import type { FlowStatus, LinkProgress, LinkStatus } from './status.ts'
import type { TargetEngine } from './target-engine.ts'

/** A link as the status shows it: the worst of its flows decides. */
export function describeLink(link: LinkRunner, engine: TargetEngine | undefined): LinkStatus {
  const { name, source, target } = link.spec
  const flows = link.flows().map((flow) => {
    const heldBack = link.transactions.heldBack(flow)
    return describeFlow(name, flow, { heldBack, whereabouts: engine?.whereabouts(flow.spec.key) })
  })
  return {
    link: name,
    source,
    target,
    ...describeState(link, flows, engine),
    flows,
    ...describeTopics(link),
    // Their age says nothing while nobody looks at them.
    groups: link.pause === undefined ? [...link.positions.statuses] : [],
  }
}

/** Of the flows that this process has. */
export function describeProgress(link: LinkRunner, engine: TargetEngine | undefined): LinkProgress {
  const progress = { link: link.spec.name, recordsCopied: 0, remainingRecords: 0 }
  for (const flow of link.flows()) {
    progress.recordsCopied += flow.counters.recordsCopied
    const isHere = engine?.whereabouts(flow.spec.key) === undefined
    if (isHere) progress.remainingRecords += remainingRecords(flow)
  }
  return progress
}

function describeState(
  link: LinkRunner,
  flows: readonly FlowStatus[],
  engine: TargetEngine | undefined,
): Pick<LinkStatus, 'state' | 'reason'> {
  if (link.state === 'stopped') return { state: 'stopped', reason: link.reason }
  if (link.pause !== undefined) return { state: 'paused', reason: explainPause(link.pause) }
  if (engine?.differs !== undefined) return { state: 'degraded', reason: engine.differs }
  const troubles = [
    count(flows.filter(({ state }) => state === 'stopped').length, 'stopped'),
    count(flows.filter(({ state }) => state === 'recovering').length, 'recovering'),
    count(flows.filter(({ heldBack }) => heldBack?.state === 'hanging').length, 'held back by a hanging transaction'),
  ].filter((part) => part !== '')
  if (troubles.length > 0) return { state: 'degraded', reason: troubles.join(', ') }
  if (link.state === 'starting') return { state: 'starting', reason: link.reason }
  const isStarting = flows.some(({ state }) => state === 'starting')
  const waiting = engine?.waiting ?? 'flows are being taken over'
  return isStarting ? { state: 'starting', reason: waiting } : { state: 'running', reason: link.reason }
}

function describeTopics({ topics }: LinkRunner): Pick<LinkStatus, 'refusedTopics' | 'pendingDeletions'> {
  return {
    refusedTopics: topics.refusals.map(({ topic, targetTopic, fault: { code, message, remedy } }) => {
      return { topic, targetTopic, code, message, remedy }
    }),
    pendingDeletions: topics.pendingDeletions.map(({ topic, targetTopic, sinceMs, leftMs }) => {
      return { topic, targetTopic, sinceMs, leftMs }
    }),
  }
}

function count(flows: number, what: string): string {
  return flows === 0 ? '' : `${flows} flow${flows === 1 ? '' : 's'} ${what}`
}
