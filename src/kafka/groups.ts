import { isFault, retry, withSignal } from '../core/index.ts'
import type {
  GroupDescription,
  GroupListing,
  GroupListings,
  GroupOffsets,
  GroupOutcome,
  GroupPosition,
  PartitionOutcome,
  TopicPartition,
} from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { GROUP_ID_NOT_FOUND, NETWORK_EXCEPTION, staleAfter } from './errors.ts'
import { requestFault } from './request-fault.ts'
import { failPartition, partitionKey } from './partition-calls.ts'
import { retryProtocol } from './retry-delays.ts'
import { type Located, spreadCall } from './spread-calls.ts'
import type { Api } from './wire/api.ts'
import type { ApiName } from './wire/versions.ts'
import { consumerGroupDescribeApi } from './wire/consumer-group-describe.ts'
import { deleteGroupsApi } from './wire/delete-groups.ts'
import { describeGroupsApi } from './wire/describe-groups.ts'
import { listGroupsApi } from './wire/list-groups.ts'
import { offsetCommitApi } from './wire/offset-commit.ts'
import { offsetDeleteApi } from './wire/offset-delete.ts'
import { offsetFetchApi } from './wire/offset-fetch.ts'

/**
 * Calls about consumer groups, each group at its coordinator. Groups of the classic and of the consumer protocol are
 * described alike; a group of any other kind (share, streams) looks like one that does not exist, so callers tell
 * those apart by the type in the listing.
 */
const DEAD = 'Dead'

/**
 * What a coordinator may take for one answer, and how long its retriable answers are tried again. Short, because these
 * calls are about many groups at once: the healthy coordinators' groups wait for the sick one's no longer than this.
 */
const COORDINATOR_DEADLINE_MS = 5_000
/** Groups named in one request; more go one request after the other. */
const GROUPS_PER_REQUEST = 500

/**
 * Of every broker that answers. Each lists only the groups it coordinates, so one that does not answer costs its own
 * groups and no others; where none answers it is tried again until the deadline.
 */
export async function listGroups(parts: ClusterParts, signal: AbortSignal): Promise<GroupListings> {
  return retry((within) => listOnce(parts, within), retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}

async function listOnce(parts: ClusterParts, signal: AbortSignal): Promise<GroupListings> {
  const { refresh, view } = parts
  try {
    await inTime(parts, 'Metadata', (within) => refresh.refresh([], within), signal)
  } catch (error) {
    signal.throwIfAborted()
    if (view.brokers.length === 0) throw error
  }
  const groups: GroupListing[] = []
  const silent: string[] = []
  let failure: unknown
  await Promise.all(
    view.brokers.map(async ({ nodeId }) => {
      try {
        groups.push(...(await listOf(parts, nodeId, signal)))
      } catch (error) {
        signal.throwIfAborted()
        if (!isFault(error) || !error.retriable) throw error
        failure = error
        silent.push(error.message)
      }
    }),
  )
  if (silent.length > 0 && silent.length === view.brokers.length) throw failure
  return { groups, silent }
}

async function listOf(parts: ClusterParts, nodeId: number, signal: AbortSignal): Promise<readonly GroupListing[]> {
  const call = (within: AbortSignal) => parts.calls.callNode(nodeId, listGroupsApi, null, within)
  const { errorCode, groups } = await inTime(parts, 'ListGroups', call, signal)
  if (errorCode !== 0) throw requestFault(parts.name, 'ListGroups', errorCode)
  return groups
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
    return found.get(group.groupId) ?? { groupId: group.groupId, errorCode: 0, state: DEAD, protocol: '', members: [] }
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
  return { groupId, errorCode, state: '', protocol: '', members: [] }
}

export function fetchGroupOffsets(
  parts: ClusterParts,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<GroupOffsets[]> {
  const fail = (groupId: string, errorCode: number) => ({ groupId, errorCode, positions: [] })
  return callGroups<GroupOffsets>(parts, offsetFetchApi, groupIds, fail, signal)
}

export function deleteGroups(
  parts: ClusterParts,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<GroupOutcome[]> {
  const fail = (groupId: string, errorCode: number) => ({ groupId, errorCode })
  return callGroups<GroupOutcome>(parts, deleteGroupsApi, groupIds, fail, signal)
}

export function commitGroupOffsets(
  parts: ClusterParts,
  groupId: string,
  positions: readonly GroupPosition[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  const send = (nodeId: number, items: readonly GroupPosition[], within: AbortSignal) =>
    parts.calls.callNode(nodeId, offsetCommitApi, { groupId, positions: items }, within)
  return callGroup(parts, { groupId, items: positions, name: offsetCommitApi.name, send }, signal)
}

export function deleteGroupOffsets(
  parts: ClusterParts,
  groupId: string,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  const send = async (nodeId: number, items: readonly TopicPartition[], within: AbortSignal) => {
    const answer = await parts.calls.callNode(nodeId, offsetDeleteApi, { groupId, partitions: items }, within)
    return answer.errorCode === 0 ? answer.partitions : items.map((item) => failPartition(item, answer.errorCode))
  }
  return callGroup(parts, { groupId, items: partitions, name: offsetDeleteApi.name, send }, signal)
}

/** A call about partitions of one group, at its coordinator. */
function callGroup<Item extends TopicPartition>(
  parts: ClusterParts,
  {
    groupId,
    items,
    name,
    send,
  }: {
    readonly groupId: string
    readonly items: readonly Item[]
    readonly name: ApiName
    readonly send: (nodeId: number, items: readonly Item[], signal: AbortSignal) => Promise<readonly PartitionOutcome[]>
  },
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  const { coordinators } = parts
  const locate = async (items: readonly Item[], signal: AbortSignal): Promise<Located<Item>[]> => {
    const [located] = await coordinators.locate('group', [groupId], signal)
    return located === undefined ? [] : items.map((item) => ({ ...located, item }))
  }
  const spread = {
    items,
    deadlineMs: COORDINATOR_DEADLINE_MS,
    keyOf: partitionKey,
    keyOfOutcome: partitionKey,
    codeOf: (outcome: PartitionOutcome) => outcome.errorCode,
    locate,
    call: (nodeId: number, items: readonly Item[], signal: AbortSignal) =>
      inTime(parts, name, (within) => send(nodeId, items, within), signal),
    fail: failPartition,
    renew: async (_: readonly Item[], outcomes: readonly PartitionOutcome[]) => {
      if (outcomes.some(({ errorCode }) => hasMoved(errorCode))) coordinators.drop('group', [groupId])
    },
  }
  return spreadCall<Item, PartitionOutcome>(spread, parts.retryContext(signal))
}

/** A call about whole groups, each at its coordinator, as many in a request as it may name. */
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
    deadlineMs: COORDINATOR_DEADLINE_MS,
    keyOf: (groupId: string) => groupId,
    keyOfOutcome: (outcome: Outcome) => outcome.groupId,
    codeOf: (outcome: Outcome) => outcome.errorCode,
    locate: async (items: readonly string[], signal: AbortSignal): Promise<Located<string>[]> =>
      (await coordinators.locate('group', items, signal)).map(({ key, ...where }) => ({ item: key, ...where })),
    call: async (nodeId: number, items: readonly string[], signal: AbortSignal) => {
      const outcomes: Outcome[] = []
      for (let at = 0; at < items.length; at += GROUPS_PER_REQUEST) {
        const some = items.slice(at, at + GROUPS_PER_REQUEST)
        const send = (within: AbortSignal) => calls.callNode(nodeId, api, some, within)
        outcomes.push(...(await inTime(parts, api.name, send, signal)))
      }
      return outcomes
    },
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

/** The call, or a retriable fault once it has taken longer than a coordinator may. */
async function inTime<Result>(
  parts: ClusterParts,
  api: string,
  call: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const tooLate = new AbortController()
  const { clock } = parts.retryContext(signal)
  const detail = `no answer within ${COORDINATOR_DEADLINE_MS} ms`
  const timer = clock.setTimer(COORDINATOR_DEADLINE_MS, () =>
    tooLate.abort(requestFault(parts.name, api, NETWORK_EXCEPTION, detail)),
  )
  const within = AbortSignal.any([signal, tooLate.signal])
  try {
    return await withSignal(call(within), within)
  } finally {
    timer.cancel()
  }
}

/** Also where the broker did not answer: another may coordinate the group by now. */
function hasMoved(code: number): boolean {
  return staleAfter(code) !== undefined
}
