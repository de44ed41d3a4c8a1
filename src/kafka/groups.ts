import { retry } from '../core/index.ts'
import type { GroupDescription, GroupListing, GroupOffsets, GroupPosition, PartitionOutcome } from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { GROUP_ID_NOT_FOUND, staleAfter } from './errors.ts'
import { requestFault } from './request-fault.ts'
import { failPartition, partitionKey } from './partition-calls.ts'
import { retryProtocol } from './retry-delays.ts'
import { type Located, spreadCall } from './spread-calls.ts'
import type { Api } from './wire/api.ts'
import { consumerGroupDescribeApi } from './wire/consumer-group-describe.ts'
import { describeGroupsApi } from './wire/describe-groups.ts'
import { listGroupsApi } from './wire/list-groups.ts'
import { offsetCommitApi } from './wire/offset-commit.ts'
import { offsetFetchApi } from './wire/offset-fetch.ts'

/**
 * Calls about consumer groups, each group at its coordinator. Groups of the classic and of the consumer protocol are
 * described alike; a group of any other kind (share, streams) looks like one that does not exist, so callers tell
 * those apart by the type in the listing.
 */
const DEAD = 'Dead'

interface GroupOutcome {
  readonly groupId: string
  readonly errorCode: number
}

/** Of every broker; throws where one does not answer, because its groups would silently be missing. */
export async function listGroups(parts: ClusterParts, signal: AbortSignal): Promise<GroupListing[]> {
  const { calls, refresh, view, name } = parts
  const listOnce = async (signal: AbortSignal) => {
    await refresh.refresh([], signal)
    const answers = await Promise.all(
      view.brokers.map(({ nodeId }) => calls.callNode(nodeId, listGroupsApi, null, signal)),
    )
    for (const { errorCode } of answers) if (errorCode !== 0) throw requestFault(name, 'ListGroups', errorCode)
    return answers.flatMap(({ groups }) => groups)
  }
  return retry(listOnce, retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}

export async function describeGroups(
  parts: ClusterParts,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<GroupDescription[]> {
  const classic = await callGroups(parts, describeGroupsApi, groupIds, failDescription, signal)
  const others = classic.filter(isMissing).map(({ groupId }) => groupId)
  const consumer = others.length > 0 ? await describeConsumerGroups(parts, others, signal) : []
  const found = new Map(consumer.filter((group) => !isMissing(group)).map((group) => [group.groupId, group]))
  return classic.map((group) => {
    if (!isMissing(group)) return group
    return found.get(group.groupId) ?? { groupId: group.groupId, errorCode: 0, state: DEAD, memberCount: 0 }
  })
}

/** None on brokers that do not have the consumer protocol yet. */
async function describeConsumerGroups(
  parts: ClusterParts,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<GroupDescription[]> {
  const versions = await Promise.all(
    parts.view.brokers.map(({ nodeId }) => parts.calls.versionOf(nodeId, consumerGroupDescribeApi.name, signal)),
  )
  if (versions.includes(undefined)) return []
  return callGroups(parts, consumerGroupDescribeApi, groupIds, failDescription, signal)
}

function isMissing({ errorCode, state }: GroupDescription): boolean {
  return errorCode === GROUP_ID_NOT_FOUND || (errorCode === 0 && state === DEAD)
}

function failDescription(groupId: string, errorCode: number): GroupDescription {
  return { groupId, errorCode, state: '', memberCount: 0 }
}

export function fetchGroupOffsets(
  parts: ClusterParts,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<GroupOffsets[]> {
  const fail = (groupId: string, errorCode: number) => ({ groupId, errorCode, positions: [] })
  return callGroups<GroupOffsets>(parts, offsetFetchApi, groupIds, fail, signal)
}

export function commitGroupOffsets(
  parts: ClusterParts,
  groupId: string,
  positions: readonly GroupPosition[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  const { calls, coordinators } = parts
  const locate = async (items: readonly GroupPosition[], signal: AbortSignal): Promise<Located<GroupPosition>[]> => {
    const [located] = await coordinators.locate('group', [groupId], signal)
    return located === undefined ? [] : items.map((item) => ({ ...located, item }))
  }
  const spread = {
    items: positions,
    deadlineMs: CALL_DEADLINE_MS,
    keyOf: partitionKey,
    keyOfOutcome: partitionKey,
    codeOf: (outcome: PartitionOutcome) => outcome.errorCode,
    locate,
    call: (nodeId: number, items: readonly GroupPosition[], signal: AbortSignal) =>
      calls.callNode(nodeId, offsetCommitApi, { groupId, positions: items }, signal),
    fail: failPartition,
    renew: async (_: readonly GroupPosition[], outcomes: readonly PartitionOutcome[]) => {
      if (outcomes.some(({ errorCode }) => hasMoved(errorCode))) coordinators.drop('group', [groupId])
    },
  }
  return spreadCall<GroupPosition, PartitionOutcome>(spread, parts.retryContext(signal))
}

function callGroups<Outcome extends GroupOutcome>(
  parts: ClusterParts,
  api: Api<readonly string[], Outcome[]>,
  groupIds: readonly string[],
  fail: (groupId: string, errorCode: number) => Outcome,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { calls, coordinators } = parts
  const spread = {
    items: groupIds,
    deadlineMs: CALL_DEADLINE_MS,
    keyOf: (groupId: string) => groupId,
    keyOfOutcome: (outcome: Outcome) => outcome.groupId,
    codeOf: (outcome: Outcome) => outcome.errorCode,
    locate: async (items: readonly string[], signal: AbortSignal): Promise<Located<string>[]> =>
      (await coordinators.locate('group', items, signal)).map(({ key, ...where }) => ({ item: key, ...where })),
    call: (nodeId: number, items: readonly string[], signal: AbortSignal) => calls.callNode(nodeId, api, items, signal),
    fail,
    renew: async (_: readonly string[], outcomes: readonly Outcome[]) => {
      const moved = outcomes.filter(({ errorCode }) => hasMoved(errorCode))
      coordinators.drop(
        'group',
        moved.map(({ groupId }) => groupId),
      )
    },
  }
  return spreadCall<string, Outcome>(spread, parts.retryContext(signal))
}

/** Also where the broker did not answer: another may coordinate the group by now. */
function hasMoved(code: number): boolean {
  return staleAfter(code) !== undefined
}
