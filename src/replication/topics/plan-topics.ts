import type { Fault } from '../../core/index.ts'
import type { ConfigEntry } from '../../kafka/index.ts'
import type { PendingDeletion } from './deletions.ts'
import { topicFaults } from './faults.ts'
import { explainBadTopicName } from './selection.ts'
import {
  type ConfigChanges,
  type Configs,
  hasEssentialChange,
  isCompactOnly,
  planConfigChanges,
  planStandbyConfigs,
} from './standby-configs.ts'

/**
 * Decides what a pass of the topic sync does: pure, one topic at a time.
 *
 * - A flow is listed only for a target topic that will hold a true copy: wide enough, never wider than the source, with
 *   the essential standby configs in force. Once listed it stays while topics merely cannot be read or changed.
 * - A target topic that is not ours and holds records is never touched. Its flows are listed all the same: the flow
 *   layer knows the offset map, and refuses them with its own fault.
 */
export interface ObservedTopics {
  readonly pairs: readonly TopicPair[]
  /** Copies whose source topic is gone, where the link follows that; those with no time left are due. */
  readonly deletions?: readonly PendingDeletion[]
  /** Of topics to create; -1 for the target's default. */
  readonly replicationFactor: number
  /** Names of topic configs the target's brokers know; undefined while it has no topic to learn them from. */
  readonly targetConfigNames: ReadonlySet<string> | undefined
  /**
   * Source topic ids and their partition counts in this process's first pass; undefined in that pass itself.
   * What is not in it came later, and is new.
   */
  readonly baseline: ReadonlyMap<string, number> | undefined
  /** Partition counts of the selected source topics by topic id: the baseline, if this is the first pass. */
  readonly sourcePartitions: ReadonlyMap<string, number>
}

/** A selected source topic and its counterpart. */
export interface TopicPair {
  readonly topic: string
  readonly targetTopic: string
  readonly source: SourceTopic | { readonly unreadable: string }
  /** Undefined where there is none. */
  readonly target: TargetTopic | { readonly unreadable: string } | undefined
  /** Set where its records would come back to where they are from. */
  readonly refused?: Fault | undefined
  /** It may be a copy that is being made: nothing is begun with it yet. */
  readonly isHeld?: boolean
  /** What an earlier pass of this process listed and wanted. */
  readonly before: { readonly flows: readonly FlowSpec[]; readonly wanted: Configs } | undefined
}

export interface SourceTopic {
  readonly topicId: string
  readonly partitions: number
  readonly configs: readonly ConfigEntry[]
}

export interface TargetTopic {
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: readonly ConfigEntry[]
  /** `foreign`: it holds records and is not known to be a copy. */
  readonly standing: 'ours' | 'empty' | 'foreign'
}

/** One partition to copy. */
export interface FlowSpec {
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  readonly sourceTopicId: string
  readonly targetTopicId: string
  /** Cleaned up by compaction alone: DeleteRecords is refused. */
  readonly compactOnly: boolean
  /**
   * The partition appeared at the source after the first pass of this process. Partitions created while no process ran
   * are not told apart here: the flow layer knows from the offset map whether the link has copied before.
   */
  readonly isNewTopic: boolean
}

export interface TopicPlan {
  readonly reason: string
  readonly creates: readonly PlannedCreate[]
  readonly grows: readonly PlannedGrow[]
  readonly configures: readonly PlannedConfigure[]
  readonly refusals: readonly TopicRefusal[]
  /** Copies whose grace is over. */
  readonly deletes: readonly PendingDeletion[]
  readonly pendingDeletions: readonly PendingDeletion[]
  readonly flows: readonly FlowSpec[]
  /** Per topic what its target's configuration has to be: `before.wanted` of the next pass. */
  readonly wanted: ReadonlyMap<string, Configs>
  readonly sourcePartitions: ReadonlyMap<string, number>
}

export interface PlannedCreate {
  readonly topic: string
  readonly targetTopic: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Configs
}

export interface PlannedGrow {
  readonly topic: string
  readonly targetTopic: string
  readonly from: number
  readonly to: number
}

export interface PlannedConfigure {
  readonly topic: string
  readonly targetTopic: string
  readonly changes: ConfigChanges
}

export interface TopicRefusal {
  readonly topic: string
  readonly targetTopic: string
  readonly fault: Fault
}

/** The part of a plan that one topic asks for. */
interface TopicStep {
  readonly create?: PlannedCreate
  readonly grow?: PlannedGrow
  readonly configure?: PlannedConfigure
  readonly refusal?: Fault
  readonly flows?: readonly FlowSpec[]
  readonly wanted?: Configs
}

const NO_TOPIC_ID = '00000000-0000-0000-0000-000000000000'

/** The plan of one pass over every selected topic. */
export function planTopics(observed: ObservedTopics): TopicPlan {
  const clashes = findClashes(observed.pairs)
  const creates: PlannedCreate[] = []
  const grows: PlannedGrow[] = []
  const configures: PlannedConfigure[] = []
  const refusals: TopicRefusal[] = []
  const flows: FlowSpec[] = []
  /** Whatever is refused now is copied from its beginning one day: behind `latest` there would be a gap. */
  const notBegun: string[] = []
  const wanted = new Map<string, Configs>()
  for (const pair of observed.pairs) {
    const step = planTopic(pair, observed, clashes.get(pair.targetTopic))
    if (step.create !== undefined) creates.push(step.create)
    if (step.grow !== undefined) grows.push(step.grow)
    if (step.configure !== undefined) configures.push(step.configure)
    if (step.refusal !== undefined) {
      refusals.push({ topic: pair.topic, targetTopic: pair.targetTopic, fault: step.refusal })
    }
    if (step.flows === undefined && step.create === undefined && 'topicId' in pair.source)
      notBegun.push(pair.source.topicId)
    if (step.wanted !== undefined) wanted.set(pair.topic, step.wanted)
    for (const flow of step.flows ?? []) flows.push(flow)
  }
  const { deletions: pendingDeletions = [] } = observed
  const sourcePartitions = new Map(observed.sourcePartitions)
  for (const topicId of notBegun) sourcePartitions.delete(topicId)
  const deletes = pendingDeletions.filter(({ leftMs }) => leftMs === 0)
  const reason = describePlan(observed.pairs.length, { creates, grows, configures, refusals, deletes })
  const steps = { creates, grows, configures, refusals, deletes, pendingDeletions }
  return { reason, ...steps, flows, wanted, sourcePartitions }
}

function planTopic(pair: TopicPair, observed: ObservedTopics, clashing: readonly string[] | undefined): TopicStep {
  const { topic, targetTopic, source, target, before } = pair
  const badName = explainBadTopicName(targetTopic)
  if (badName !== undefined) {
    return { refusal: topicFaults.fault('TOPIC_NAME_INVALID', { topic, targetTopic, why: badName }) }
  }
  if (clashing !== undefined) {
    const others = clashing.filter((name) => name !== topic).join(', ')
    return { refusal: topicFaults.fault('TOPIC_NAME_CLASH', { topic, targetTopic, others }) }
  }
  if (pair.refused !== undefined) return { refusal: pair.refused }
  if (pair.isHeld === true && before === undefined) return {}
  if ('unreadable' in source) return keepWhile(unreadable(topic, 'source', source.unreadable), before)
  if (source.topicId === NO_TOPIC_ID) return { refusal: topicFaults.fault('TOPIC_WITHOUT_ID', { topic }) }
  if (target === undefined) return { create: planCreate(pair, source, observed) }
  if ('unreadable' in target) return keepWhile(unreadable(targetTopic, 'target', target.unreadable), before)
  if (target.partitions > source.partitions) {
    const facts = { topic, targetTopic, targetPartitions: target.partitions, sourcePartitions: source.partitions }
    return { refusal: topicFaults.fault('TOPIC_TARGET_WIDER', facts) }
  }
  const flows = listFlows(pair, source, target, observed.baseline)
  if (target.standing === 'foreign') return { flows }
  return planExisting(pair, { source, target, flows }, observed)
}

function planCreate(pair: TopicPair, source: SourceTopic, observed: ObservedTopics): PlannedCreate {
  const { replicationFactor, targetConfigNames } = observed
  return {
    topic: pair.topic,
    targetTopic: pair.targetTopic,
    partitions: source.partitions,
    replicationFactor,
    configs: planStandbyConfigs(source.configs, {
      targetReplicationFactor: replicationFactor > 0 ? replicationFactor : undefined,
      targetConfigNames,
    }),
  }
}

function planExisting(
  { topic, targetTopic, before }: TopicPair,
  found: { readonly source: SourceTopic; readonly target: TargetTopic; readonly flows: readonly FlowSpec[] },
  observed: ObservedTopics,
): TopicStep {
  const { source, target, flows } = found
  const wanted = planStandbyConfigs(source.configs, {
    targetReplicationFactor: target.replicationFactor,
    targetConfigNames: observed.targetConfigNames,
  })
  const changes = planConfigChanges(wanted, target.configs, before?.wanted)
  const isListed = !hasEssentialChange(changes) || (before?.flows.length ?? 0) > 0
  return {
    wanted,
    flows: isListed ? flows : [],
    ...(Object.keys(changes).length > 0 && { configure: { topic, targetTopic, changes } }),
    ...(target.partitions < source.partitions && {
      grow: { topic, targetTopic, from: target.partitions, to: source.partitions },
    }),
  }
}

function listFlows(
  { topic, targetTopic, before }: TopicPair,
  source: SourceTopic,
  target: TargetTopic,
  baseline: ReadonlyMap<string, number> | undefined,
): readonly FlowSpec[] {
  const known = baseline === undefined ? source.partitions : (baseline.get(source.topicId) ?? 0)
  const compactOnly = isCompactOnly(source.configs)
  const { topicId: sourceTopicId } = source
  const { topicId: targetTopicId, partitions } = target
  // The very ones of the pass before, where nothing has changed: there may be tens of thousands.
  const isListed = (flow: FlowSpec) =>
    flow.sourceTopicId === sourceTopicId &&
    flow.targetTopicId === targetTopicId &&
    flow.targetTopic === targetTopic &&
    flow.compactOnly === compactOnly &&
    flow.isNewTopic === flow.partition >= known
  if (before?.flows.length === partitions && before.flows.every(isListed)) return before.flows
  return Array.from({ length: partitions }, (_none, partition) => {
    const isNewTopic = partition >= known
    return { topic, targetTopic, partition, sourceTopicId, targetTopicId, compactOnly, isNewTopic }
  })
}

/** What cannot be read for now is no reason to stop what runs. */
function keepWhile(refusal: Fault, before: TopicPair['before']): TopicStep {
  return before === undefined ? { refusal } : { refusal, flows: before.flows, wanted: before.wanted }
}

function unreadable(topic: string, region: 'source' | 'target', why: string): Fault {
  return topicFaults.fault('TOPIC_UNREADABLE', { topic, region, why })
}

function findClashes(pairs: readonly TopicPair[]): Map<string, string[]> {
  const byTarget = new Map<string, string[]>()
  for (const { topic, targetTopic } of pairs) byTarget.set(targetTopic, [...(byTarget.get(targetTopic) ?? []), topic])
  for (const [targetTopic, topics] of byTarget) if (topics.length === 1) byTarget.delete(targetTopic)
  return byTarget
}

function describePlan(
  topics: number,
  plan: Pick<TopicPlan, 'creates' | 'grows' | 'configures' | 'refusals' | 'deletes'>,
): string {
  const steps = [
    [plan.creates.length, 'to create'],
    [plan.grows.length, 'to grow'],
    [plan.configures.length, 'to configure'],
    [plan.deletes.length, 'to delete'],
    [plan.refusals.length, 'refused'],
  ] as const
  const due = steps.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return due.length === 0 ? `${topics} topics in step` : `${topics} topics: ${due.join(', ')}`
}
