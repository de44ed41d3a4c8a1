import type { AclBinding, AclDeletion, AclFilter, AclOutcome } from './access.ts'
import type { ClusterParts } from './cluster-parts.ts'
import { requestFault } from './request-fault.ts'
import { createAclsApi } from './wire/create-acls.ts'
import { deleteAclsApi } from './wire/delete-acls.ts'
import { describeAclsApi } from './wire/describe-acls.ts'

/**
 * Calls about access control lists. None that changes something is repeated here, not even at another broker: a call
 * whose answer was lost may come into force much later, so that only those who know what it was for can say what follows.
 * Requests stay small, because a controller writes
 * the changes of one request as one batch.
 */
const BINDINGS_PER_REQUEST = 500

export async function describeAcls(
  parts: ClusterParts,
  filter: AclFilter,
  signal: AbortSignal,
  nodeId?: number,
): Promise<readonly AclBinding[]> {
  const asked =
    nodeId === undefined
      ? parts.calls.callAny(describeAclsApi, filter, signal)
      : parts.calls.callNode(nodeId, describeAclsApi, filter, signal)
  const { errorCode, errorMessage, bindings } = await asked
  if (errorCode !== 0) throw requestFault(parts.name, 'DescribeAcls', errorCode, errorMessage)
  return bindings
}

export function createAcls(
  parts: ClusterParts,
  bindings: readonly AclBinding[],
  signal: AbortSignal,
  nodeId: number,
): Promise<AclOutcome[]> {
  return inParts(bindings, (part) => parts.calls.callNode(nodeId, createAclsApi, part, signal))
}

export function deleteAcls(
  parts: ClusterParts,
  bindings: readonly AclBinding[],
  signal: AbortSignal,
  nodeId: number,
): Promise<AclDeletion[]> {
  return inParts(bindings, (part) => parts.calls.callNode(nodeId, deleteAclsApi, part, signal))
}

async function inParts<Outcome>(
  bindings: readonly AclBinding[],
  call: (part: readonly AclBinding[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let at = 0; at < bindings.length; at += BINDINGS_PER_REQUEST) {
    outcomes.push(...(await call(bindings.slice(at, at + BINDINGS_PER_REQUEST))))
  }
  return outcomes
}
