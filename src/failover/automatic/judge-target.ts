import type { RegionName } from '../../core/index.ts'
import type { GuardResult } from '../guards/evaluate-guards.ts'
import type { PartitionLoss } from '../guards/evidence.ts'
import type { MovePlan } from '../plan.ts'
import { failoverCommand, type TargetFound } from './decide-automatic.ts'

export interface TargetTerms {
  /** The objective of the group, milliseconds; null: it has none. */
  readonly rpoMs: number | null
  /** For how long the region has served nobody here, milliseconds: what was seen of its ends is at least that old. */
  readonly awayMs: number
}

/** Warnings for a person who moves the group. Nobody weighs them in an automatic move. */
const HAVE_TO_PASS: ReadonlySet<string> = new Set(['cooldown', 'no-open-gaps'])

/**
 * Whether the plan of a failover may be carried out unasked: pure. What guards refuse is refused. The loss is counted up
 * to when the region was last reached; nobody writes to one that is down, and what is written in one that is only cut off
 * is found when it returns.
 */
export function judgeTarget(plan: MovePlan, { rpoMs, awayMs }: TargetTerms): TargetFound {
  const { group, from, guards, predicted } = plan
  const to = plan.to as RegionName
  const command = failoverCommand({ group, from, to, attests: false })
  const refusing = guards.filter(({ isBlocking, name }) => isBlocking && name !== 'loss-within-objective')
  if (refusing.length > 0) {
    const reason = `${to} cannot take over: ${sayAll(refusing)}`
    const isOverridable = refusing.every((guard) => guard.isOverridable)
    const overrides = refusing.map(({ name }) => ` --override "${name}=REASON"`).join('')
    const look = `isthmus plan ${group} --kind failover --to ${to}`
    return { kind: 'blocked', reason, command: isOverridable ? `${command}${overrides}` : look }
  }
  const open = guards.filter(({ name, status }) => HAVE_TO_PASS.has(name) && status !== 'passed')
  if (open.length > 0) return { kind: 'blocked', reason: `only a person goes on with ${sayAll(open)}`, command }
  const loss = guards.find(({ name }) => name === 'loss-within-objective')
  if (rpoMs === null || loss === undefined || loss.status === 'unknown') {
    const reason = `what ${to} lacks is not known: ${rpoMs === null ? 'there is no objective' : (loss?.evidence ?? '')}`
    return { kind: 'blocked', reason, command }
  }
  const lossMs = Math.max(0, ...predicted.loss.partitions.map((it) => behindMs(it, awayMs)))
  const said = `lacks at most ${(lossMs / 1_000).toFixed(1)} s of ${from}, ${rpoMs / 1_000} s are allowed`
  if (lossMs > rpoMs) return { kind: 'blocked', reason: `${to} ${said}`, command }
  return { kind: 'ready', to, reason: `${to} passes its guards and ${said}` }
}

/** The same as of the guard `loss-within-objective`, as of the moment at which the region was last reached. */
function behindMs({ records, seenMsAgo, recordsPerSecond, waitingMs }: PartitionLoss, awayMs: number): number {
  const unseenMs = Math.max(0, seenMsAgo - awayMs)
  if (records === 0) return unseenMs
  if (waitingMs !== undefined) return Math.max(unseenMs, waitingMs - awayMs)
  return Math.round(unseenMs + (recordsPerSecond > 0 ? (records / recordsPerSecond) * 1_000 : 0))
}

function sayAll(guards: readonly GuardResult[]): string {
  return guards.map(({ name, evidence }) => `${name} (${evidence})`).join(', ')
}
