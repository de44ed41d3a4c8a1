import type { AclBinding, ClusterMetadata, TopicMetadata } from '../../kafka/index.ts'
import { EVERYONE, isAllowed } from '../authorizer-model.ts'
import { type CanaryAnswer, type CanaryTopic, explainSilence, tryCanary } from './canary.ts'
import { bindingKey, without } from './fence-record.ts'
import type { FenceScope } from './fence-scope.ts'
import type { FenceStep } from './fence-step.ts'
import { type BrokerEvidence, type FenceProof, judgeFence } from './judge-fence.ts'
import { callBounded, type FenceCluster, type RegionAccess } from './region-access.ts'
import { lookAtBrokers } from './settle-acls.ts'

/** A client under the rights of an ordinary application, by which fences are proved. */
export interface CanaryAccess {
  readonly cluster: Pick<FenceCluster, 'openChannel'>
  /** As the brokers name it, such as `User:canary`. */
  readonly principal: string
}

export interface ProofRequest {
  readonly bindings: readonly AclBinding[]
  /** Of the whole region. */
  readonly metadata: ClusterMetadata
  readonly scope: FenceScope
  readonly canary: CanaryAccess | undefined
  /** Of the topics that the canary could be tried on, which ones. */
  readonly choose: (topics: readonly TopicMetadata[]) => readonly TopicMetadata[]
}

/** Asks every live broker. Throws where the brokers, or what the canary may do, cannot be found out. */
export async function proveFence(
  access: RegionAccess,
  request: ProofRequest,
  signal: AbortSignal,
): Promise<FenceProof> {
  const { bindings, metadata, scope, canary } = request
  const topics = metadata.topics.filter((topic) => topic.errorCode === 0 && scope.isSelected(topic.name))
  const useful = canary === undefined ? [] : await findUseful(access, { canary, topics, without: bindings }, signal)
  const tried = request.choose(useful).map(firstPartition)
  const [looks, answers] = await Promise.all([
    lookAtBrokers(access, bindings, signal),
    canary === undefined ? new Map() : askCanaries(access, { canary, metadata, tried }, signal),
  ])
  const brokers = looks.map((look): BrokerEvidence => {
    const { nodeId } = look
    const missing =
      look.kind === 'silent'
        ? { silent: look.reason }
        : bindings.filter((binding) => !look.present.has(bindingKey(binding))).length
    return { nodeId, missing, canary: answers.get(nodeId) }
  })
  return judgeFence({
    brokers,
    leaderless: findLeaderless(topics, metadata),
    noCanary: explainNoCanary(canary, useful.length, topics.length),
    atMs: access.clock.nowMs(),
  })
}

/** What each broker answers to the canary; nothing where there is no topic to try. */
export async function askCanaries(
  access: RegionAccess,
  options: {
    readonly canary: Pick<CanaryAccess, 'cluster'>
    readonly metadata: ClusterMetadata
    readonly tried: readonly CanaryTopic[]
  },
  signal: AbortSignal,
): Promise<Map<number, CanaryAnswer[] | { readonly silent: string }>> {
  const { canary, metadata, tried } = options
  if (tried.length === 0) return new Map()
  const answers = new Map<number, CanaryAnswer[] | { readonly silent: string }>()
  const ask = async (nodeId: number) => {
    try {
      answers.set(nodeId, await tryCanary(access, { cluster: canary.cluster, nodeId, topics: tried }, signal))
    } catch (error) {
      signal.throwIfAborted()
      answers.set(nodeId, { silent: explainSilence(error) })
    }
  }
  await Promise.all(metadata.brokers.map(({ nodeId }) => ask(nodeId)))
  return answers
}

export function firstPartition({ name, topicId, partitions }: TopicMetadata): CanaryTopic {
  return { name, topicId, partition: partitions[0]?.partition ?? 0 }
}

/** Whether every live broker lets the canary write, wherever some ALLOW says that it may. */
export async function proveOpen(
  access: RegionAccess,
  options: {
    readonly canary: CanaryAccess | undefined
    readonly metadata: ClusterMetadata
    readonly topics: readonly TopicMetadata[]
  },
  signal: AbortSignal,
): Promise<FenceStep<{ readonly topicsTried: number }>> {
  const { canary, metadata, topics } = options
  if (canary === undefined) return { kind: 'done', evidence: { topicsTried: 0 } }
  const tried = (await findUseful(access, { canary, topics, without: 'every DENY' }, signal)).map(firstPartition)
  const answers = await askCanaries(access, { canary, metadata, tried }, signal)
  for (const [nodeId, answer] of answers) {
    if ('silent' in answer) return { kind: 'unknown', reason: `broker ${nodeId}: ${answer.silent}` }
    const other = answer.find(({ state }) => state !== 'accepted')
    if (other === undefined) continue
    return { kind: 'waiting', reason: `broker ${nodeId} answers code ${other.code} to the canary on ${other.topic}` }
  }
  return { kind: 'done', evidence: { topicsTried: tried.length } }
}

/** Topics that the canary could write to without these entries. */
async function findUseful(
  access: RegionAccess,
  options: {
    readonly canary: CanaryAccess
    readonly topics: readonly TopicMetadata[]
    readonly without: readonly AclBinding[] | 'every DENY'
  },
  signal: AbortSignal,
): Promise<TopicMetadata[]> {
  const { principal } = options.canary
  const describe = (principal: string) =>
    callBounded(access, 'DescribeAcls', signal, (signal) =>
      access.cluster.describeAcls({ resource: 'topic', principal }, signal),
    )
  const all = (await Promise.all([describe(principal), describe(EVERYONE)])).flat()
  const others =
    options.without === 'every DENY'
      ? all.filter(({ permission }) => permission === 'allow')
      : without(all, options.without)
  return options.topics.filter(({ name }) =>
    isAllowed(others, { principal, operation: 'write', resource: 'topic', name }, { allowsWithoutAcl: false }),
  )
}

function explainNoCanary(canary: CanaryAccess | undefined, useful: number, topics: number): string | undefined {
  if (canary === undefined) return 'no canary is configured for this region, so nothing was refused to an application'
  if (topics === 0) return 'there is no topic yet that a canary could be refused on'
  if (useful > 0) return undefined
  return `${canary.principal} has no ALLOW to write to any of the topics, so that its refusal would prove nothing`
}

function findLeaderless(topics: readonly TopicMetadata[], { brokers }: ClusterMetadata): string[] {
  const live = new Set(brokers.map(({ nodeId }) => nodeId))
  return topics.flatMap(({ name, partitions }) =>
    partitions.filter(({ leaderId }) => !live.has(leaderId)).map(({ partition }) => `${name}-${partition}`),
  )
}
