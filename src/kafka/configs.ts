import { retry } from '../core/index.ts'
import type { ConfigEntry, TopicConfigs } from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'
import { describeConfigsApi } from './wire/describe-configs.ts'
import { incrementalAlterConfigsApi, type IncrementalAlterConfigsRequest } from './wire/incremental-alter-configs.ts'

/** Calls about configs: of topics at any broker, of a broker at that broker. */
export async function describeTopicConfigs(
  parts: ClusterParts,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<TopicConfigs[]> {
  if (topics.length === 0) return []
  const described = await retry(
    (signal) => parts.calls.callAny(describeConfigsApi, { kind: 'topic', names: topics }, signal),
    retryProtocol(CALL_DEADLINE_MS),
    parts.retryContext(signal),
  )
  return described.map(({ name, errorCode, entries }) => ({ topic: name, errorCode, entries }))
}

export async function describeBrokerConfigs(
  parts: ClusterParts,
  nodeId: number,
  signal: AbortSignal,
): Promise<ConfigEntry[]> {
  const request = { kind: 'broker', names: [String(nodeId)] } as const
  const [described] = await retry(
    (signal) => parts.calls.callNode(nodeId, describeConfigsApi, request, signal),
    retryProtocol(CALL_DEADLINE_MS),
    parts.retryContext(signal),
  )
  if (described === undefined || described.errorCode !== 0) {
    throw requestFault(parts.name, 'DescribeConfigs', described?.errorCode ?? -1, described?.errorMessage)
  }
  return described.entries
}

export async function alterTopicConfigs(
  parts: ClusterParts,
  topic: string,
  changes: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<void> {
  await alterConfigs(parts, { topic, changes }, signal)
}

export async function validateTopicConfigs(
  parts: ClusterParts,
  topic: string,
  changes: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<void> {
  await alterConfigs(parts, { topic, changes, validateOnly: true }, signal)
}

async function alterConfigs(
  parts: ClusterParts,
  request: IncrementalAlterConfigsRequest,
  signal: AbortSignal,
): Promise<void> {
  const alterOnce = async (signal: AbortSignal) => {
    const [altered] = await parts.calls.callAny(incrementalAlterConfigsApi, request, signal)
    const { errorCode, errorMessage } = altered ?? { errorCode: -1, errorMessage: null }
    if (errorCode !== 0) {
      throw requestFault(parts.name, 'IncrementalAlterConfigs', errorCode, errorMessage ?? request.topic)
    }
  }
  await retry(alterOnce, retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}
