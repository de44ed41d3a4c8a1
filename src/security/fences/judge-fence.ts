import { errorName } from '../../kafka/index.ts'
import type { CanaryAnswer } from './canary.ts'
import type { FenceObstacle } from './plan-fence.ts'

/**
 * Whether a fence holds, from what each broker said: pure. One open broker opens the fence; one that cannot be asked,
 * or a partition without leader, leaves it unproved. A refused canary counts only where its principal would be let in
 * without the fence: else it is refused for lack of a right, fence or not.
 */
export interface FenceProof {
  readonly verdict: 'fenced' | 'open' | 'unknown'
  /** `refused`: canaries were refused on every broker; `described`: the brokers only say that they hold the entries. */
  readonly strength: 'refused' | 'described'
  readonly reason: string
  readonly brokers: readonly BrokerProof[]
  /** How many topics the canary was tried on. */
  readonly topicsTried: number
  /** Why there can be no such fence; then no broker was asked. */
  readonly obstacles: readonly FenceObstacle[]
  /** Wall clock. */
  readonly atMs: number
}

export interface BrokerProof {
  readonly nodeId: number
  readonly verdict: FenceProof['verdict']
  /** Entries that this broker does not have in force. */
  readonly missing: number
  readonly canary: 'refused' | 'accepted' | 'unanswered' | 'not-tried'
  readonly reason: string
}

/** What was heard of one broker. */
export interface BrokerEvidence {
  readonly nodeId: number
  /** Of the wanted entries, those that it does not have; a text where it could not be asked. */
  readonly missing: number | { readonly silent: string }
  /** Undefined where no canary is configured, or nothing that it says would prove anything. */
  readonly canary: readonly CanaryAnswer[] | { readonly silent: string } | undefined
}

export interface FenceEvidence {
  readonly brokers: readonly BrokerEvidence[]
  /** Partitions of the scope without a live leader, such as `orders-3`. */
  readonly leaderless: readonly string[]
  /** Why refused canaries would prove nothing, or why none were sent. */
  readonly noCanary: string | undefined
  readonly atMs: number
}

export function judgeFence(evidence: FenceEvidence): FenceProof {
  const brokers = evidence.brokers.map(judgeBroker)
  const tried = evidence.brokers.flatMap(({ canary }) => (Array.isArray(canary) ? [canary.length] : []))
  const strength = brokers.length > 0 && brokers.every(isRefusing) ? 'refused' : 'described'
  return {
    ...sumUp(brokers, strength, evidence),
    strength,
    brokers,
    topicsTried: tried.length === 0 ? 0 : Math.min(...tried),
    obstacles: [],
    atMs: evidence.atMs,
  }
}

/** Of a region in which there can be no such fence. One whose ACLs may not be read may be fenced all the same. */
export function judgeObstacles(obstacles: readonly FenceObstacle[], atMs: number): FenceProof {
  const isHidden = obstacles.some(({ code }) => code === 'acls-not-readable' || code === 'acls-not-changeable')
  const reason = obstacles.map((it) => it.reason).join('; ')
  const verdict = isHidden ? 'unknown' : 'open'
  return { verdict, strength: 'described', reason, brokers: [], topicsTried: 0, obstacles, atMs }
}

function isRefusing({ verdict, canary }: BrokerProof): boolean {
  return verdict === 'fenced' && canary === 'refused'
}

function sumUp(
  brokers: readonly BrokerProof[],
  strength: FenceProof['strength'],
  { leaderless, noCanary }: FenceEvidence,
): Pick<FenceProof, 'verdict' | 'reason'> {
  const open = brokers.filter(({ verdict }) => verdict === 'open')
  if (open.length > 0) return { verdict: 'open', reason: nameBrokers(open) }
  const unknown = brokers.filter(({ verdict }) => verdict === 'unknown')
  if (unknown.length > 0) return { verdict: 'unknown', reason: nameBrokers(unknown) }
  if (brokers.length === 0) return { verdict: 'unknown', reason: 'the region names no broker' }
  if (leaderless.length > 0) {
    const reason = `${leaderless.length} partitions have no leader, such as ${leaderless[0]}: who leads them could write`
    return { verdict: 'unknown', reason }
  }
  const all = brokers.length === 1 ? 'the broker' : `all ${brokers.length} brokers`
  if (strength === 'refused') return { verdict: 'fenced', reason: `${all} refused the canary` }
  const holds = `${all} ${brokers.length === 1 ? 'holds' : 'hold'} the entries`
  return { verdict: 'fenced', reason: noCanary === undefined ? holds : `${holds}; ${noCanary}` }
}

function nameBrokers(brokers: readonly BrokerProof[]): string {
  return brokers.map(({ nodeId, reason }) => `broker ${nodeId} ${reason}`).join('; ')
}

function judgeBroker({ nodeId, missing, canary }: BrokerEvidence): BrokerProof {
  const heard = summarize(canary)
  const known = typeof missing === 'number' ? missing : 0
  const base = { nodeId, missing: known, canary: heard.state }
  if (heard.state === 'accepted') return { ...base, verdict: 'open', reason: heard.reason }
  if (known > 0) return { ...base, verdict: 'open', reason: `lacks ${known} entries of the fence` }
  if (typeof missing !== 'number') return { ...base, verdict: 'unknown', reason: `cannot be asked: ${missing.silent}` }
  if (heard.state === 'unanswered') return { ...base, verdict: 'unknown', reason: heard.reason }
  return { ...base, verdict: 'fenced', reason: heard.reason }
}

function summarize(canary: BrokerEvidence['canary']): {
  readonly state: BrokerProof['canary']
  readonly reason: string
} {
  if (canary === undefined) return { state: 'not-tried', reason: 'holds the entries' }
  if ('silent' in canary) return { state: 'unanswered', reason: `did not answer the canary: ${canary.silent}` }
  const accepted = canary.find(({ state }) => state === 'accepted' || state === 'too-large')
  if (accepted !== undefined) {
    const { topic, code } = accepted
    return { state: 'accepted', reason: `lets the canary write to ${topic} (${errorName(code)})` }
  }
  const unanswered = canary.find(({ state }) => state === 'unanswered')
  if (unanswered !== undefined) {
    const { topic, code } = unanswered
    return { state: 'unanswered', reason: `says nothing about the canary on ${topic} (${errorName(code)})` }
  }
  if (canary.length === 0) return { state: 'not-tried', reason: 'holds the entries; there is no topic to try' }
  return { state: 'refused', reason: `refused the canary on ${canary.length} topics` }
}
