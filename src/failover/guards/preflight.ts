import type { Outcome } from '../outcome.ts'
import { explainBlocking, findBlocking, planMove } from '../plan.ts'
import type { GroupDocument, OperationRecord } from '../state.ts'
import type { GuardLimits, MoveEvidence } from './evidence.ts'

/**
 * What the step `preflight` comes to: every guard once more, with the overrides that the request gave. What failed ends
 * the move before it has touched anything; what could only not be found out is asked again until the step is overdue.
 */
export function judgePreflight(
  document: GroupDocument,
  operation: OperationRecord,
  evidence: MoveEvidence,
  limits: GuardLimits,
): Outcome {
  const { kind, to, request } = operation
  const { overrides, acceptLoss, writePauseLimitMs } = request
  // The operation at hand is not another one.
  const { operation: _, ...without } = document
  const plan = planMove({ kind, document: without, to, evidence, limits, overrides, acceptLoss, writePauseLimitMs })
  const names = findBlocking(plan, acceptLoss)
  const blocking = plan.guards.filter(({ name }) => names.includes(name))
  const guards = plan.guards.map(({ name, status, evidence: seen }) => ({ name, status, evidence: seen }))
  if (names.length === 0) return { kind: 'done', reason: 'every guard passed or was overridden', evidence: { guards } }
  const told = explainBlocking(plan, names)
  const isOnlyUnknown = blocking.length === names.length && blocking.every(({ status }) => status === 'unknown')
  if (isOnlyUnknown) return { kind: 'waiting', reason: `not known yet: ${told}` }
  const remedy = blocking.map(({ remedy: what }) => what).join(' ') || 'Accept the loss.'
  return { kind: 'failed', fault: { code: 'GUARDS_FAILED', message: `refused by ${told}`, remedy } }
}
