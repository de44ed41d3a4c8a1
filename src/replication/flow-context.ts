import type { Flow } from './flows/flow.ts'
import type { FlowRunnerContext } from './flows/flow-runner.ts'
import type { RawReader } from './flows/raw-reader.ts'
import type { Releases } from './flows/releases.ts'
import type { IncidentLog } from './incidents/incident-log.ts'
import type { LinkRunnerOptions } from './link-options.ts'
import { flowKeyText } from './offset-map/index.ts'
import { resolvePolicies } from './policies.ts'
import type { RepeatedNews } from './repeated-news.ts'

/** What differs from flow to flow. */
type OfFlow = Pick<FlowRunnerContext, 'former' | 'firstStart' | 'shard'>

/** The same for all flows of a link: made once, since there may be tens of thousands of them. */
export type LinkFlowContext = Omit<FlowRunnerContext, keyof OfFlow>

export interface LinkParts {
  readonly sourceReader: RawReader
  readonly incidents: IncidentLog
  readonly releases: Releases
  readonly news: RepeatedNews
  /** The flow has a position and may be fetched. */
  readonly onRunning: (flow: Flow) => void
  /** The flow stopped because its copy has ended for good. */
  readonly onClosed: (flow: Flow) => void
}

export function createFlowContext(options: LinkRunnerOptions, parts: LinkParts): LinkFlowContext {
  const { source, target, engine, atlas, clock, random, events, spec } = options
  const { news, onRunning, onClosed, ...rest } = parts
  const refOf = ({ spec: { key } }: Flow) => {
    return { link: spec.name, topic: key.topic, targetTopic: key.targetTopic, partition: key.partition }
  }
  return {
    ...rest,
    source,
    target,
    targetReader: engine.reader,
    policies: spec.policies ?? resolvePolicies(),
    wasReseeded: (targetTopicId, signal) => engine.incidents.wasReseeded(targetTopicId, signal),
    copiesFromStart: spec.start === 'earliest',
    nowMs: () => clock.nowMs(),
    clock,
    random,
    lanes: engine.lanes,
    onGap: (flow, fromOffset, toOffset) =>
      events.emit('flow:gap', { ...refOf(flow), kind: 'retention', fromOffset, toOffset }),
    onSeamSkipped: (flow) => events.emit('flow:seam-skipped', refOf(flow)),
    origins: { relate: (flowSpec, signal) => atlas.relate(flowSpec, spec, signal) },
    onTurned: (flow, turned) => events.emit('flow:turned', { ...refOf(flow), ...turned }),
    onMatched: (flow, match) => events.emit('flow:matched', { ...refOf(flow), ...match }),
    onRunning: (flow) => {
      const { sourceDone: sourceNext, targetDone: targetNext } = flow
      const at = { sourceNext: sourceNext ?? 0, targetNext: targetNext ?? 0 }
      if (!flow.isTroubled) events.emit('flow:started', { ...refOf(flow), ...at })
      onRunning(flow)
    },
    onRecovering: (flow, reason) => {
      if (news.isNews(flowKeyText(flow.spec.key), reason)) events.emit('flow:recovering', { ...refOf(flow), reason })
    },
    onStopped: (flow, fault) => {
      if (fault.code === 'FLOW_CLOSED') onClosed(flow)
      events.emit('flow:stopped', { ...refOf(flow), code: fault.code, reason: fault.message, remedy: fault.remedy })
    },
  }
}

/** The context of one flow: what all flows share is its prototype. */
export function withFlow(shared: LinkFlowContext, own: OfFlow): FlowRunnerContext {
  return Object.assign(Object.create(shared) as LinkFlowContext, own)
}
