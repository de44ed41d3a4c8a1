import { retry } from '../core/index.ts'
import type { NewTopic, TopicOutcome } from './cluster.ts'
import { brokerTimeoutMs, CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { staleAfter } from './errors.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'
import type { Api } from './wire/api.ts'
import { createPartitionsApi } from './wire/create-partitions.ts'
import { createTopicsApi } from './wire/create-topics.ts'
import { deleteTopicsApi } from './wire/delete-topics.ts'

/**
 * Calls that change topics, sent to the broker that metadata names as controller: with KRaft any broker, which passes
 * them on, with ZooKeeper the one that can serve them. A call whose answer was lost is repeated, so a topic may be
 * reported as existing already (36) or as unknown (3) though this very call created or deleted it.
 */
export async function createTopics(
  parts: ClusterParts,
  topics: readonly NewTopic[],
  signal: AbortSignal,
): Promise<TopicOutcome[]> {
  const request = { topics, timeoutMs: brokerTimeoutMs(parts) }
  const outcomes = await callController(parts, createTopicsApi, request, signal)
  return inOrderOf(
    topics.map(({ topic }) => topic),
    outcomes,
  )
}

export async function createPartitions(
  parts: ClusterParts,
  topic: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const request = { topic, count, timeoutMs: brokerTimeoutMs(parts) }
  const [outcome] = await callController(parts, createPartitionsApi, request, signal)
  const { errorCode, message } = outcome ?? { errorCode: -1, message: null }
  if (errorCode !== 0) throw requestFault(parts.name, 'CreatePartitions', errorCode, message ?? topic)
}

export async function deleteTopics(
  parts: ClusterParts,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<TopicOutcome[]> {
  const request = { topics, timeoutMs: brokerTimeoutMs(parts) }
  const outcomes = await callController(parts, deleteTopicsApi, request, signal)
  for (const { topic, errorCode } of outcomes) if (errorCode === 0) parts.view.forgetTopic(topic)
  return inOrderOf(topics, outcomes)
}

/** UNKNOWN_TOPIC_ID (100) where it is gone already, as after a call whose answer was lost. */
export async function deleteTopicById(
  parts: ClusterParts,
  topicId: string,
  signal: AbortSignal,
): Promise<TopicOutcome> {
  const request = { topics: [], topicIds: [topicId], timeoutMs: brokerTimeoutMs(parts) }
  const [outcome] = await callController(parts, deleteTopicsApi, request, signal)
  if (outcome?.errorCode === 0) parts.view.forgetTopic(outcome.topic)
  return outcome ?? { topic: '', errorCode: -1, message: 'the answer does not name it' }
}

/** Brokers answer in an order of their own. */
function inOrderOf(topics: readonly string[], outcomes: readonly TopicOutcome[]): TopicOutcome[] {
  const place = new Map(topics.map((topic, index) => [topic, index]))
  return outcomes.toSorted((one, other) => (place.get(one.topic) ?? 0) - (place.get(other.topic) ?? 0))
}

function callController<Request>(
  parts: ClusterParts,
  api: Api<Request, TopicOutcome[]>,
  request: Request,
  signal: AbortSignal,
): Promise<TopicOutcome[]> {
  const { calls, refresh, view, name } = parts
  const callOnce = async (signal: AbortSignal) => {
    if (view.controllerId < 0) await refresh.refresh([], signal)
    const nodeId = view.controllerId
    const outcomes =
      nodeId < 0
        ? await calls.callAny(api, request, signal)
        : await calls.callNode(nodeId, api, request, signal).catch((error: unknown) => {
            view.forgetController()
            throw error
          })
    const moved = outcomes.find(({ errorCode }) => staleAfter(errorCode) === 'controller')
    if (moved === undefined) return outcomes
    view.forgetController()
    throw requestFault(name, api.name, moved.errorCode)
  }
  return retry(callOnce, retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}
