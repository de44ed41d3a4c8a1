import { describeError } from '../../core/index.ts'
import { type Cluster, type ConfigEntry, errorName } from '../../kafka/index.ts'
import type { CopiedFlow, FlowKey } from '../offset-map/index.ts'
import type { CopyLedger } from '../shards/copy-ledger.ts'
import {
  type LeftBehind,
  type PlannedRemoval,
  planRemoval,
  type RemovalPlan,
  type RemovalTarget,
} from './plan-removal.ts'

/**
 * Carries out the removal of a link, topic by topic, one failing topic stopping no other. The link has to be stopped.
 * The map entries go under the tenure of their shards: a replicator that still runs the link elsewhere is fenced by it.
 */
export interface RemovalContext {
  readonly link: string
  readonly source: Cluster
  readonly target: Cluster
  /** What the offset map of the target says. */
  readonly ledger: CopyLedger
  /** A flow of this link. */
  readonly isOwn: (key: FlowKey) => boolean
  /** A flow of the same source that no link of this process selects. */
  readonly isStray: (key: FlowKey) => boolean
  readonly usedBy: string | null
  readonly groups: readonly string[]
  /** Takes flows out of the offset map. */
  forget(keys: readonly FlowKey[], signal: AbortSignal): Promise<void>
  /** Lets go of every shard of the target: nothing uses them any more. */
  release(): Promise<void>
}

export interface RemovalOptions {
  /** Plans and does nothing. */
  readonly dryRun: boolean
  /** Deletes the copies instead of leaving them as ordinary topics. */
  readonly deleteTopics: boolean
}

export interface LinkRemoval {
  readonly link: string
  /** `incomplete`: some steps failed; run it again. */
  readonly state: 'planned' | 'removed' | 'incomplete'
  readonly topics: readonly RemovalStep[]
  readonly left: readonly LeftBehind[]
}

export interface RemovalStep {
  readonly topic: string
  readonly action: PlannedRemoval['action']
  readonly state: 'planned' | 'done' | 'failed'
  readonly reason: string
  readonly changes: PlannedRemoval['changes']
}

const NAMES_PER_REQUEST = 100
const OWN_TOPIC = /^__isthmus\./

export async function removeLink(
  context: RemovalContext,
  options: RemovalOptions,
  signal: AbortSignal,
): Promise<LinkRemoval> {
  const plan = await lookAndPlan(context, options, signal)
  const { link } = context
  if (options.dryRun) {
    const own = plan.ownTopics.map((topic) => ownStep(topic, 'planned', ''))
    return {
      link,
      state: 'planned',
      topics: [...plan.topics.map((one) => step(one, 'planned')), ...own],
      left: plan.left,
    }
  }
  const steps: RemovalStep[] = []
  for (const one of plan.topics) steps.push(await take(context, one, signal))
  if (steps.every(({ state }) => state === 'done')) steps.push(...(await deleteOwn(context, plan, signal)))
  const isDone = steps.every(({ state }) => state === 'done')
  return { link, state: isDone ? 'removed' : 'incomplete', topics: steps, left: plan.left }
}

async function lookAndPlan(
  context: RemovalContext,
  { deleteTopics }: RemovalOptions,
  signal: AbortSignal,
): Promise<RemovalPlan> {
  const { ledger, target, link, groups, usedBy, isOwn, isStray } = context
  await ledger.refresh(signal)
  const flows = ledger.flows().filter(({ key }) => isOwn(key))
  const strays = ledger.flows().filter(({ key }) => isStray(key))
  const others = ledger.flows().length > flows.length + strays.length ? 'flows of other links' : null
  const { topics } = await target.metadata('all', signal)
  const ownTopics = topics.map(({ name }) => name).filter((name) => OWN_TOPIC.test(name))
  const sight = { link, deleteTopics, flows, strays, ownTopics, ownTopicsUsedBy: usedBy ?? others, groups }
  return planRemoval({
    ...sight,
    source: await lookAtSource(context, flows, signal),
    target: await lookAtTarget(context, flows, signal),
  })
}

async function lookAtSource({ source }: RemovalContext, flows: readonly CopiedFlow[], signal: AbortSignal) {
  try {
    return { topics: await describe(source, [...new Set(flows.map(({ key }) => key.topic))], signal) }
  } catch (error) {
    signal.throwIfAborted()
    return { why: describeError(error) }
  }
}

async function lookAtTarget(
  { target }: RemovalContext,
  flows: readonly CopiedFlow[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RemovalTarget>> {
  const names = [...new Set(flows.map(({ key }) => key.targetTopic))]
  const configs = await describe(target, names, signal)
  const { topics } = names.length === 0 ? { topics: [] } : await target.metadata(names, signal)
  return new Map(
    topics.flatMap(({ name, topicId, partitions, errorCode }) => {
      if (errorCode !== 0) return []
      const replicationFactor = partitions[0]?.replicas.length ?? 1
      return [[name, { topicId, replicationFactor, configs: configs.get(name) ?? [] }] as const]
    }),
  )
}

const UNKNOWN_TOPIC = 3

/** Topics that are not there are left out; one that is refused makes it throw. */
async function describe(
  cluster: Cluster,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly ConfigEntry[]>> {
  const described = new Map<string, readonly ConfigEntry[]>()
  for (let at = 0; at < names.length; at += NAMES_PER_REQUEST) {
    const answers = await cluster.describeTopicConfigs(names.slice(at, at + NAMES_PER_REQUEST), signal)
    for (const { topic, errorCode, entries } of answers) {
      if (errorCode === 0) described.set(topic, entries)
      else if (errorCode !== UNKNOWN_TOPIC) throw new Error(`the configs of ${topic}: ${errorName(errorCode)}`)
    }
  }
  return described
}

/** The topic first, its flows in the map last. */
async function take(context: RemovalContext, planned: PlannedRemoval, signal: AbortSignal): Promise<RemovalStep> {
  const { target } = context
  const { targetTopic, action, changes, flows } = planned
  if (action === 'wait') return step(planned, 'failed')
  try {
    if (action === 'delete') await deleteTopic(target, targetTopic, signal)
    if (Object.keys(changes).length > 0) await target.alterTopicConfigs(targetTopic, changes, signal)
    await context.forget(
      flows.map(({ key }) => key),
      signal,
    )
    return step(planned, 'done')
  } catch (error) {
    signal.throwIfAborted()
    return { ...step(planned, 'failed'), reason: describeError(error) }
  }
}

async function deleteOwn(
  context: RemovalContext,
  { ownTopics }: RemovalPlan,
  signal: AbortSignal,
): Promise<RemovalStep[]> {
  if (ownTopics.length === 0) return []
  await context.release()
  const steps: RemovalStep[] = []
  for (const topic of ownTopics) {
    try {
      await deleteTopic(context.target, topic, signal)
      steps.push(ownStep(topic, 'done', ''))
    } catch (error) {
      signal.throwIfAborted()
      steps.push(ownStep(topic, 'failed', describeError(error)))
    }
  }
  return steps
}

async function deleteTopic(target: Cluster, topic: string, signal: AbortSignal): Promise<void> {
  const [outcome] = await target.deleteTopics([topic], signal)
  const errorCode = outcome?.errorCode ?? -1
  if (errorCode === 0 || errorCode === UNKNOWN_TOPIC) return
  throw new Error(`${topic} could not be deleted: ${errorName(errorCode)} ${outcome?.message ?? ''}`)
}

function step(
  { targetTopic: topic, action, reason, changes }: PlannedRemoval,
  state: RemovalStep['state'],
): RemovalStep {
  return { topic, action, state, reason, changes }
}

function ownStep(topic: string, state: RemovalStep['state'], trouble: string): RemovalStep {
  const reason = trouble === '' ? 'nothing uses it any more' : trouble
  return { topic, action: 'delete', state, reason, changes: {} }
}
