import { describeError } from '../../core/index.ts'
import {
  type Cluster,
  errorName,
  type GroupListing,
  type GroupOffsets,
  type GroupPosition,
  type TopicPartition,
} from '../../kafka/index.ts'
import type { ObservedGroup, ObservedPosition, PositionMemory, Translation } from './decide-positions.ts'
import { traceKey } from './position-trace.ts'
import type { ObservedGone } from './source-deletions.ts'

/**
 * Looks at the positions of the selected groups on both sides. A group or a partition that cannot be read is told as
 * such; only a side of which no broker lists its groups makes it throw. Groups that this process has written are asked
 * for whether they are listed or not: what is gone, and what merely does not answer, is told by their coordinators.
 */
export interface PositionSight {
  readonly source: Cluster
  readonly target: Cluster
  readonly isSelected: (group: string) => boolean
  /** Name of the copy; undefined for a partition that this process does not copy. */
  readonly targetTopicOf: (topic: string, partition: number) => string | undefined
  readonly translator: PositionTranslator
  /** What this process has written. */
  readonly memory: PositionMemory
}

/** Given by the flow layer. */
export interface PositionTranslator {
  /** `pending` is a sentence that says what is waited for. */
  translate(topic: string, partition: number, sourceOffset: number, signal: AbortSignal): Promise<Translation>
  /** The source offset that a target offset stands for; undefined while it cannot be told. */
  translateBack(
    topic: string,
    partition: number,
    targetOffset: number,
    signal: AbortSignal,
  ): Promise<number | undefined>
}

export interface PositionsSeen {
  readonly groups: readonly ObservedGroup[]
  /** Selected, but without positions that could be translated. */
  readonly shareGroups: readonly string[]
}

type Fetched = ReadonlyMap<string, GroupOffsets | { readonly failure: string }>

/** States of a group without members; a group that is not listed has none either. */
const MEMBERLESS: ReadonlySet<string> = new Set(['Empty', 'Dead'])

/** One look at every selected group of the source. */
export async function observePositions(sight: PositionSight, signal: AbortSignal): Promise<PositionsSeen> {
  const { source, target, isSelected } = sight
  const [{ groups: sourceGroups }, { groups: targetGroups }] = await Promise.all([
    source.listGroups(signal),
    target.listGroups(signal),
  ])
  const selected = sourceGroups.filter(({ groupId }) => isSelected(groupId))
  const isShare = ({ type }: GroupListing) => type.toLowerCase() === 'share'
  const shareGroups = selected.filter(isShare).map(({ groupId }) => groupId)
  const listed = selected.filter((group) => !isShare(group)).map(({ groupId }) => groupId)
  const shared = new Set(shareGroups)
  const written = [...sight.memory].filter(([group, known]) => known.traces.size > 0 && !shared.has(group))
  const groupIds = [...new Set([...listed, ...written.map(([group]) => group)])]
  const [active, sourceOffsets, targetOffsets] = await Promise.all([
    findActive(target, targetGroups, new Set(groupIds), signal),
    fetchAll(source, groupIds, signal),
    fetchAll(target, groupIds, signal),
  ])
  const groups: ObservedGroup[] = []
  for (const group of groupIds) {
    const sides = { source: sourceOffsets.get(group), target: targetOffsets.get(group) }
    groups.push(await observeGroup({ group, isActiveOnTarget: active.has(group), ...sides }, sight, signal))
  }
  return { groups, shareGroups }
}

async function observeGroup(
  seen: {
    readonly group: string
    readonly isActiveOnTarget: boolean
    readonly source: GroupOffsets | { readonly failure: string } | undefined
    readonly target: GroupOffsets | { readonly failure: string } | undefined
  },
  sight: PositionSight,
  signal: AbortSignal,
): Promise<ObservedGroup> {
  const { group, isActiveOnTarget } = seen
  const failure = explainFailure('source', seen.source) ?? explainFailure('target', seen.target)
  if (failure !== undefined || seen.source === undefined || 'failure' in seen.source) {
    return { group, isActiveOnTarget, positions: [], gone: [], ...(failure !== undefined && { failure }) }
  }
  const targetPositions = seen.target === undefined || 'failure' in seen.target ? [] : seen.target.positions
  const current = new Map(targetPositions.map((position) => [`${position.topic}/${position.partition}`, position]))
  const copied = seen.source.positions.flatMap((position) => {
    const targetTopic = sight.targetTopicOf(position.topic, position.partition)
    return targetTopic === undefined ? [] : [{ position, targetTopic }]
  })
  const positions = await Promise.all(
    copied.map(({ position, targetTopic }) => {
      const counterpart = current.get(`${targetTopic}/${position.partition}`)
      return observePosition(position, { targetTopic, counterpart, translator: sight.translator }, signal)
    }),
  )
  const there = new Set(seen.source.positions.map(traceKey))
  const lost = [...(sight.memory.get(group)?.traces.keys() ?? [])].filter((key) => !there.has(key)).map(partitionOf)
  const gone = await Promise.all(lost.map((partition) => observeGone(partition, { sight, current }, signal)))
  return { group, isActiveOnTarget, positions, gone: gone.flat() }
}

/** A topic that is not copied any more takes its positions out of sight; they stay as they are. */
async function observeGone(
  { topic, partition }: TopicPartition,
  { sight, current }: { readonly sight: PositionSight; readonly current: ReadonlyMap<string, FetchedPosition> },
  signal: AbortSignal,
): Promise<ObservedGone[]> {
  const targetTopic = sight.targetTopicOf(topic, partition)
  if (targetTopic === undefined) return []
  const target = current.get(`${targetTopic}/${partition}`)
  const gone = { topic, targetTopic, partition, target }
  if (target !== undefined && target.errorCode !== 0) {
    return [{ ...gone, doubt: `the target does not tell the position: ${errorName(target.errorCode)}` }]
  }
  try {
    const translation = await sight.translator.translate(topic, partition, 0, signal)
    return ['pending' in translation ? { ...gone, doubt: translation.pending } : gone]
  } catch (error) {
    signal.throwIfAborted()
    return [{ ...gone, doubt: `the map of the topic cannot be read: ${describeError(error)}` }]
  }
}

async function observePosition(
  position: FetchedPosition,
  target: {
    readonly targetTopic: string
    readonly counterpart: FetchedPosition | undefined
    readonly translator: PositionTranslator
  },
  signal: AbortSignal,
): Promise<ObservedPosition> {
  const { topic, partition, offset, metadata } = position
  const { targetTopic, counterpart, translator } = target
  const base = { topic, targetTopic, partition, source: { offset, metadata }, target: counterpart }
  const nowhere = { targetAtSource: undefined }
  const failed = (failure: string) => ({ ...base, ...nowhere, translation: { pending: failure }, failure })
  if (position.errorCode !== 0) return failed(`the source does not tell the position: ${errorName(position.errorCode)}`)
  if (counterpart !== undefined && counterpart.errorCode !== 0) {
    return failed(`the target does not tell the position: ${errorName(counterpart.errorCode)}`)
  }
  try {
    const translation = await translator.translate(topic, partition, offset, signal)
    if (counterpart === undefined || 'pending' in translation) return { ...base, ...nowhere, translation }
    const targetAtSource =
      counterpart.offset === translation.offset
        ? offset - translation.behindRecords
        : await translator.translateBack(topic, partition, counterpart.offset, signal)
    return { ...base, translation, targetAtSource }
  } catch (error) {
    signal.throwIfAborted()
    return failed(`the position could not be translated: ${describeError(error)}`)
  }
}

type FetchedPosition = GroupPosition & { readonly errorCode: number }

function explainFailure(
  side: 'source' | 'target',
  fetched: GroupOffsets | { readonly failure: string } | undefined,
): string | undefined {
  const what = `the ${side} does not tell the positions of the group`
  if (fetched === undefined) return side === 'source' ? `${what}: no answer` : undefined
  if ('failure' in fetched) return `${what}: ${fetched.failure}`
  if (fetched.errorCode === 0 || fetched.errorCode === GROUP_ID_NOT_FOUND) return undefined
  return `${what}: ${errorName(fetched.errorCode)}`
}

const GROUP_ID_NOT_FOUND = 69

/** A call that fails as a whole, as for a right that is missing, is the failure of each group. */
async function fetchAll(cluster: Cluster, groupIds: readonly string[], signal: AbortSignal): Promise<Fetched> {
  try {
    const answers = await cluster.fetchGroupOffsets(groupIds, signal)
    return new Map(answers.map((answer) => [answer.groupId, answer]))
  } catch (error) {
    signal.throwIfAborted()
    return new Map(groupIds.map((group) => [group, { failure: describeError(error) }]))
  }
}

/** Of `traceKey`. */
function partitionOf(key: string): TopicPartition {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

/** Groups with members on the target. Where a broker's list has no states (before 2.6), the groups are described. */
async function findActive(
  target: Cluster,
  listed: readonly GroupListing[],
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const relevant = listed.filter(({ groupId }) => wanted.has(groupId))
  const stateless = relevant.filter(({ state }) => state === '').map(({ groupId }) => groupId)
  const described = stateless.length === 0 ? [] : await target.describeGroups(stateless, signal)
  const states = [...relevant.filter(({ state }) => state !== ''), ...described]
  return new Set(states.filter(({ state }) => !MEMBERLESS.has(state)).map(({ groupId }) => groupId))
}
