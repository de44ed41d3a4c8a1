/** What a FailoverGroup object shows of a group: pure, from what the authority, the copies and the drills say. */
import { canonicalJson } from '../../core/index.ts'
import type { DrillSummary, GroupDocument } from '../../failover/index.ts'
import type { KubernetesObject } from '../../kubernetes/index.ts'
import { type Condition, conditionsOf, type Said } from './conditions.ts'

export interface GroupObjectStatus {
  /** Empty while the group is not recorded. */
  readonly active: string
  /** The phase of the operation that is under way, or `steady`. */
  readonly phase: string
  readonly epoch: number
  /** Such as `3s`, or `12 records` where only that is known; `unknown` where nothing is. */
  readonly lag: string
  /** ISO 8601; missing where none has passed. */
  readonly lastDrill?: string
  readonly operation?: string
  readonly conditions: readonly Condition[]
  readonly observedGeneration: number
  /** ISO 8601: when a leader last looked, since what it showed stays when there is none. */
  readonly seenAt: string
}

export interface GroupSeen {
  readonly document: GroupDocument | undefined
  readonly lag: string
  readonly drill: DrillSummary | undefined
  /** ISO 8601. */
  readonly at: string
}

/** How often a status is written that differs only in its lag, and one that differs in nothing but its age. */
const LAG_EVERY_MS = 10_000
const SEEN_EVERY_MS = 30_000

/** `before`: the object as it stands. */
export function statusOfGroup({ document, drill, lag, at }: GroupSeen, before: KubernetesObject): GroupObjectStatus {
  const { operation } = document ?? {}
  const lastDrill = drill?.passedAt ?? undefined
  return {
    active: document?.active ?? '',
    phase: operation?.phase ?? (document === undefined ? 'unknown' : 'steady'),
    epoch: document?.epoch ?? 0,
    lag,
    ...(lastDrill !== undefined && { lastDrill }),
    ...(operation !== undefined && { operation: operation.id }),
    conditions: conditionsOf(before, at, { Ready: judgeReady(document), Moving: judgeMoving(document) }),
    observedGeneration: before.metadata.generation ?? 0,
    seenAt: at,
  }
}

/** Whether a status is worth a write: what it says at once, its lag and its age from time to time. */
export function isWorthShowing(before: GroupObjectStatus | undefined, next: GroupObjectStatus): boolean {
  if (before === undefined || textOf(before) !== textOf(next)) return true
  const ageMs = Date.parse(next.seenAt) - Date.parse(before.seenAt)
  return !(ageMs < (before.lag === next.lag ? SEEN_EVERY_MS : LAG_EVERY_MS))
}

function textOf({ lag: _lag, seenAt: _seenAt, ...said }: GroupObjectStatus): string {
  return canonicalJson(said)
}

const NOT_RECORDED: Said = { status: 'Unknown', reason: 'NotRecorded', message: 'the group is not recorded yet' }

/** Whether a move could be ordered, and would leave no region behind. */
function judgeReady(document: GroupDocument | undefined): Said {
  if (document === undefined) return NOT_RECORDED
  const { operation, paused, regions, active } = document
  const no = (reason: string, message: string): Said => ({ status: 'False', reason, message })
  if (operation?.phase === 'needs-operator') {
    return no('NeedsOperator', operation.stop?.instructions ?? 'a person is needed')
  }
  if (operation !== undefined) return no('Moving', `${operation.kind} to ${operation.to}: ${operation.phase}`)
  if (paused !== undefined) return no('Paused', `${paused.by}: ${paused.reason}`)
  const away = Object.entries(regions).find(([name, { role }]) => name !== active && role !== 'standby')
  if (away !== undefined) return no('RegionAway', `${away[0]} is ${away[1].role}: ${away[1].reason}`)
  return { status: 'True', reason: 'Standing', message: `${active} is active` }
}

function judgeMoving(document: GroupDocument | undefined): Said {
  if (document === undefined) return NOT_RECORDED
  const { operation } = document
  if (operation === undefined) {
    return { status: 'False', reason: 'NoOperation', message: 'no operation is under way' }
  }
  return { status: 'True', reason: 'Operation', message: `${operation.id} is ${operation.phase}` }
}
