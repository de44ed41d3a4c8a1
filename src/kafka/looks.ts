import { retry } from '../core/index.ts'
import type { ClientQuota, LogDir, OwnRights, ScramUser } from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'
import type { Api } from './wire/api.ts'
import { describeClientQuotasApi } from './wire/describe-client-quotas.ts'
import { describeClusterApi } from './wire/describe-cluster.ts'
import { describeLogDirsApi } from './wire/describe-log-dirs.ts'
import { describeUserScramCredentialsApi } from './wire/describe-user-scram-credentials.ts'
import { metadataApi } from './wire/metadata.ts'

/** Calls that only look at what clients of the cluster depend on besides topics and groups. */
export async function ownRights(
  parts: ClusterParts,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<OwnRights> {
  const [{ operations }, metadata] = await Promise.all([
    ask(parts, describeClusterApi, null, { signal }),
    topics.length === 0 ? undefined : parts.calls.callAny(metadataApi, { topics, withRights: true }, signal),
  ])
  const seen = (metadata?.topics ?? []).filter(({ errorCode }) => errorCode === 0)
  return { cluster: operations, topics: new Map(seen.map(({ name, rights }) => [name, rights ?? []])) }
}

export async function describeScramUsers(
  parts: ClusterParts,
  signal: AbortSignal,
  nodeId?: number,
): Promise<readonly ScramUser[]> {
  return (await ask(parts, describeUserScramCredentialsApi, null, { signal, nodeId })).users
}

export async function describeQuotas(
  parts: ClusterParts,
  signal: AbortSignal,
  nodeId?: number,
): Promise<readonly ClientQuota[]> {
  return (await ask(parts, describeClientQuotasApi, null, { signal, nodeId })).quotas
}

export async function describeLogDirs(
  parts: ClusterParts,
  nodeId: number,
  signal: AbortSignal,
): Promise<readonly LogDir[]> {
  const { errorCode, dirs } = await parts.calls.callNode(nodeId, describeLogDirsApi, null, signal)
  if (errorCode !== 0) throw requestFault(parts.name, 'DescribeLogDirs', errorCode)
  return dirs
}

interface Answer {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Whichever broker answers, unless one is meant; retried while it is not ready. */
function ask<Request, Response extends Answer>(
  parts: ClusterParts,
  api: Api<Request, Response>,
  request: Request,
  { signal, nodeId }: { readonly signal: AbortSignal; readonly nodeId?: number | undefined },
): Promise<Response> {
  const { calls } = parts
  const askOnce = async (within: AbortSignal) => {
    const asked =
      nodeId === undefined ? calls.callAny(api, request, within) : calls.callNode(nodeId, api, request, within)
    const answer = await asked
    if (answer.errorCode !== 0) throw requestFault(parts.name, api.name, answer.errorCode, answer.errorMessage)
    return answer
  }
  return retry(askOnce, retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}
