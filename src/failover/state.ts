import type { RegionName } from '../core/index.ts'
import type { AutomaticRecord } from './automatic/automatic-record.ts'
import type { EvidenceRef } from './evidence.ts'
import type { Donor, FaultNote } from './outcome.ts'
import type { ReturnRecord } from './returns/return-record.ts'

/**
 * What the authority holds of a failover group: one document, so that raising the epoch, changing the active region and
 * going on with the operation are one compare-and-set. Times in it are for people; nothing is decided by them.
 */
export interface GroupDocument {
  readonly format: 1
  readonly group: string
  /** Raised when the authority was restored from a region: whoever knew an older one is out. */
  readonly generation: number
  /** Number of the reign; raised by the commit of a move and by nothing else. */
  readonly epoch: number
  readonly active: RegionName
  readonly regions: Readonly<Record<string, RegionEntry>>
  /** Every reign, oldest first; the last one is the present. */
  readonly reigns: readonly Reign[]
  readonly paused?: Pause
  readonly operation?: OperationRecord
  /** What automatic mode has under way, or has given up. */
  readonly automatic?: AutomaticRecord
}

/**
 * `standby`: fenced and following. `lost`: it was active, or away, when a move went past it; not known to be fenced.
 * `returning`: fenced, and what it holds is being compared. `reseeding`: its records are being replaced. The last three
 * do not count as standby.
 */
export type RegionRole = 'active' | 'standby' | 'lost' | 'returning' | 'reseeding'

export interface RegionEntry {
  readonly role: RegionRole
  readonly since: string
  readonly reason: string
  /** Set where nothing proves that applications cannot write there: the announced exception of "one writable region". */
  readonly unfenced?: { readonly operation: string; readonly reason: string }
  readonly return?: ReturnRecord
}

export interface Reign {
  readonly epoch: number
  readonly active: RegionName
  readonly kind: MoveKind | 'first'
  readonly operation: string
  readonly committedAt: string
}

export interface Pause {
  readonly by: string
  readonly reason: string
  readonly since: string
}

/** A failback is a switchover home. */
export type MoveKind = 'switchover' | 'failback' | 'failover'

export type Phase =
  | 'requested'
  | 'preflight'
  | 'fencing'
  | 'settling'
  | 'cut'
  | 'draining'
  | 'proving'
  | 'catching-up'
  | 'translating'
  | 'committing'
  | 'promoting'
  | 'opening'
  | 'rerouting'
  | 'evicting'
  | 'reversing'
  | 'verifying'
  | 'done'
  | 'rolling-back'
  | 'rolled-back'
  | 'needs-operator'

/**
 * What is known of the fence on the region that is left. `intended`: a call may have been made, or may have been taken
 * back. `proved` and `command` hold from outside. `standing`: the region was committed as active but never opened, so
 * its standing fence was never lifted. `attested`: a person says that nobody can write there.
 */
export type FenceState = 'untouched' | 'intended' | 'proved' | 'command' | 'standing' | 'attested'

export interface OperationRecord {
  readonly id: string
  readonly kind: MoveKind
  readonly from: RegionName
  readonly to: RegionName
  readonly phase: Phase
  /** Counts entries into the present phase, so that an answer to an earlier one is not taken for one to this. */
  readonly attempt: number
  /** The epoch that the request named; the commit raises it by one. */
  readonly epoch: number
  readonly request: MoveRequest
  readonly fence: FenceState
  /** By phase, what the phase found out. */
  readonly evidence: Readonly<Partial<Record<Phase, EvidenceRef>>>
  /** How long applications could not write so far, as far as controllers saw it. */
  readonly writePausedMs: number
  /** Stands there for as long as the catch-up lasts: every process that copies runs these links, and no longer. */
  readonly donors?: readonly Donor[]
  readonly warnings: readonly string[]
  readonly abort?: { readonly by: string; readonly reason: string }
  /** Why the operation needs a person, or is being rolled back, and where it stood. */
  readonly stop?: Stop
  readonly supersedes?: Superseded
}

/** What the operator asked for; never changed, except that an attestation may come later. */
export interface MoveRequest {
  readonly by: string
  readonly reason: string
  readonly at: string
  readonly planHash: string
  /** A lossless move whose pause would last longer is rolled back by itself. */
  readonly writePauseLimitMs: number
  readonly overrides: readonly GuardOverride[]
  readonly acceptLoss: boolean
  readonly attestation?: Attestation
}

export interface GuardOverride {
  readonly guard: string
  readonly reason: string
}

/** A person vouches that nobody can write to the region that is left. */
export interface Attestation {
  readonly by: string
  readonly reason: string
  readonly at: string
}

export interface Stop {
  readonly at: Phase
  readonly reason: string
  readonly instructions: string
  readonly fault?: FaultNote
}

/** What a failover took over from the operation that it replaced. */
export interface Superseded {
  readonly operation: string
  readonly phase: Phase
  /** The cut of the replaced operation, where the fence behind it still holds. */
  readonly cut?: EvidenceRef
  /** True where the new target is known to hold everything below that cut, so that nothing can be lost. */
  readonly isDrained: boolean
}

/** The key of a group's document in the authority. */
export function groupKey(group: string): string {
  return `groups/${group}`
}

/** The key of a part of an operation's evidence; without a part, of the ended operation. */
export function operationKey(id: string, part?: string): string {
  return part === undefined ? `operations/${id}` : `operations/${id}/${part}`
}

/** The entry of a region of the group; undefined for a stranger. */
export function regionEntry(document: GroupDocument, region: string): RegionEntry | undefined {
  return Object.hasOwn(document.regions, region) ? document.regions[region] : undefined
}

/** The document of a group that was never moved: the first of the ranked regions is active. */
export function firstDocument(group: string, ranked: readonly RegionName[], at: string): GroupDocument {
  const [active] = ranked
  if (active === undefined) throw new TypeError(`failover group ${group} has no region`)
  const entry = (region: RegionName): RegionEntry => ({
    role: region === active ? 'active' : 'standby',
    since: at,
    reason: 'first reign',
  })
  return {
    format: 1,
    group,
    generation: 1,
    epoch: 1,
    active,
    regions: Object.fromEntries(ranked.map((region) => [region, entry(region)])),
    reigns: [{ epoch: 1, active, kind: 'first', operation: 'first', committedAt: at }],
  }
}
