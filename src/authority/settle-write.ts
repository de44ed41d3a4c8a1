import { canonicalJson, isFault, type RetryContext, retry } from '../core/index.ts'
import type { Authority, WriteOutcome, WriteTerms } from './authority.ts'

export interface SettledWrite {
  readonly key: string
  /** Has to differ from what anybody else may write there, as documents with a holder or an operation do. */
  readonly value: object
  readonly terms: WriteTerms
  /** How long an unknown outcome is asked about, milliseconds. @defaultValue 15000 */
  readonly deadlineMs?: number
}

const SETTLE_DELAYS = { firstMs: 100, mostMs: 2_000 }

/**
 * Writes, and where the answer is missing, finds out what became of it: the same write is sent again under the same
 * condition, so that of it and one that is still on its way only one can succeed. Throws `AUTHORITY_OUTCOME_UNKNOWN`
 * where that cannot be settled before the deadline. A conflict says what stands there now; whether ours stood there
 * for a moment, and somebody went on from it, only the document itself can tell.
 */
export async function settleWrite(
  authority: Authority,
  { key, value, terms, deadlineMs = 15_000 }: SettledWrite,
  context: RetryContext,
): Promise<WriteOutcome> {
  let unknown: unknown
  const policy = {
    deadlineMs,
    delaysFor: (error: unknown) => {
      if (isFault(error, 'AUTHORITY_OUTCOME_UNKNOWN')) unknown = error
      else if (unknown === undefined || !isFault(error, 'AUTHORITY_UNREACHABLE')) return undefined
      return SETTLE_DELAYS
    },
  }
  try {
    const outcome = await retry((signal) => authority.write(key, value, terms, signal), policy, context)
    if (unknown === undefined || outcome.kind !== 'conflict' || outcome.current === undefined) return outcome
    const isOurs = canonicalJson(outcome.current.value) === canonicalJson(value)
    return isOurs ? { kind: 'written', revision: outcome.current.revision } : outcome
  } catch (error) {
    throw unknown !== undefined && isFault(error, 'AUTHORITY_UNREACHABLE') ? unknown : error
  }
}
