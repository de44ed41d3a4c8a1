import { explainOutcome, type Outcome } from '../outcome.ts'
import type { FenceFound } from './decide-automatic.ts'

/**
 * What a call for the fence of an attempt came to. Pure. What neither holds nor has failed is asked again for as long as
 * anybody is to wait, or as the means has that is under way; one that has failed beside a silent region is waited for no
 * longer than the region.
 */
export function judgeFence(
  outcome: Outcome,
  { triedMs, patienceMs }: { readonly triedMs: number; readonly patienceMs: number },
): FenceFound {
  const reason = explainOutcome(outcome)
  if (outcome.kind === 'done') {
    return { kind: 'held', by: outcome.findings?.fence === 'command' ? 'command' : 'refused-everywhere', reason }
  }
  const ownMs = outcome.kind === 'waiting' ? (outcome.patienceMs ?? 0) : 0
  const isTried = outcome.kind === 'failed' || triedMs >= Math.max(patienceMs, ownMs)
  return { kind: isTried ? 'failed' : 'trying', reason }
}
