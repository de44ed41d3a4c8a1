import { describeError } from '../../core/index.ts'
import { type Cluster, errorName, type GroupListing, type GroupOffsets, type GroupPosition } from '../../kafka/index.ts'
import type { ObservedGroup, ObservedPosition, Translation } from './decide-positions.ts'

/**
 * Looks at the positions of the selected groups on both sides. A group or a partition that cannot be read is told as
 * such; only a side that cannot even list its groups makes it throw.
 */
export interface PositionSight {
  readonly source: Cluster
  readonly target: Cluster
  readonly isSelected: (group: string) => boolean
  /** Name of the copy; undefined for a topic that the link does not copy. */
  readonly targetTopicOf: (topic: string) => string | undefined
  readonly translator: PositionTranslator
}

/** Given by the flow layer. */
export interface PositionTranslator {
  /** `pending` is a sentence that says what is waited for. */
  translate(topic: string, partition: number, sourceOffset: number, signal: AbortSignal): Promise<Translation>
}

export interface PositionsSeen {
  readonly groups: readonly ObservedGroup[]
  /** Selected, but without positions that could be translated. */
  readonly shareGroups: readonly string[]
}

type Fetched = ReadonlyMap<string, GroupOffsets | { readonly failure: string }>

const GROUPS_PER_REQUEST = 200
/** States of a group without members; a group that is not listed has none either. */
const MEMBERLESS: ReadonlySet<string> = new Set(['Empty', 'Dead'])

/** One look at every selected group of the source. */
export async function observePositions(sight: PositionSight, signal: AbortSignal): Promise<PositionsSeen> {
  const { source, target, isSelected } = sight
  const [sourceGroups, targetGroups] = await Promise.all([source.listGroups(signal), target.listGroups(signal)])
  const selected = sourceGroups.filter(({ groupId }) => isSelected(groupId))
  const groupIds = selected.filter(({ type }) => type.toLowerCase() !== 'share').map(({ groupId }) => groupId)
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
  const shareGroups = selected.filter(({ type }) => type.toLowerCase() === 'share').map(({ groupId }) => groupId)
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
    return { group, isActiveOnTarget, positions: [], ...(failure !== undefined && { failure }) }
  }
  const targetPositions = seen.target === undefined || 'failure' in seen.target ? [] : seen.target.positions
  const current = new Map(targetPositions.map((position) => [`${position.topic}/${position.partition}`, position]))
  const copied = seen.source.positions.flatMap((position) => {
    const targetTopic = sight.targetTopicOf(position.topic)
    return targetTopic === undefined ? [] : [{ position, targetTopic }]
  })
  const positions = await Promise.all(
    copied.map(({ position, targetTopic }) => {
      const counterpart = current.get(`${targetTopic}/${position.partition}`)
      return observePosition(position, { targetTopic, counterpart, translator: sight.translator }, signal)
    }),
  )
  return { group, isActiveOnTarget, positions }
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
  const failed = (failure: string) => ({ ...base, translation: { pending: failure }, failure })
  if (position.errorCode !== 0) return failed(`the source does not tell the position: ${errorName(position.errorCode)}`)
  if (counterpart !== undefined && counterpart.errorCode !== 0) {
    return failed(`the target does not tell the position: ${errorName(counterpart.errorCode)}`)
  }
  try {
    return { ...base, translation: await translator.translate(topic, partition, offset, signal) }
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
  if (fetched.errorCode === 0 || (side === 'target' && fetched.errorCode === GROUP_ID_NOT_FOUND)) return undefined
  return `${what}: ${errorName(fetched.errorCode)}`
}

const GROUP_ID_NOT_FOUND = 69

async function fetchAll(cluster: Cluster, groupIds: readonly string[], signal: AbortSignal): Promise<Fetched> {
  const fetched = new Map<string, GroupOffsets | { readonly failure: string }>()
  for (let at = 0; at < groupIds.length; at += GROUPS_PER_REQUEST) {
    const chunk = groupIds.slice(at, at + GROUPS_PER_REQUEST)
    try {
      const answers = await cluster.fetchGroupOffsets(chunk, signal)
      for (const answer of answers) fetched.set(answer.groupId, answer)
    } catch (error) {
      signal.throwIfAborted()
      for (const group of chunk) fetched.set(group, { failure: describeError(error) })
    }
  }
  return fetched
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
