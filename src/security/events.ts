import type { RegionName } from '../core/index.ts'
import type { FenceMeans } from './fences/fence-record.ts'
import type { ProbeSeverity } from './probes/probe-findings.ts'
import type { GatePosition } from './gate/decide-gate.ts'

interface FenceRef {
  readonly region: RegionName
  readonly group: string
}

interface PolicyRef {
  readonly region: RegionName
  readonly owner: string
  /** The failover group that it applies to, where it is one. */
  readonly group?: string
}

/** What the room tells. */
export type SecurityEvents = {
  'fence:applied': FenceRef & {
    readonly operation: string
    readonly means: FenceMeans
    readonly by: string
    /** Entries that this call added; those of other fences stood there already. */
    readonly added: number
    /** From the call until every broker had it in force. */
    readonly tookMs: number
    /** False where the record could not be written: `unfence --all-of` does not find this fence. */
    readonly isRecorded: boolean
  }
  'fence:lifted': FenceRef & {
    readonly operation: string
    readonly means: FenceMeans
    readonly by: string
    readonly removed: number
    /** Entries that stay, because another fence claims them or they were there before. */
    readonly kept: number
  }
  /** A call got no answer: it may come into force later. */
  'fence:unsettled': FenceRef & { readonly operation: string; readonly reason: string }
  /** A fence that was lifted came into force late, and was taken away again. */
  'fence:landed-late': FenceRef & { readonly operation: string; readonly entries: number }
  /** A standby takes writes of applications. A page. */
  'fence:lost': FenceRef & {
    readonly reason: string
    readonly brokers: readonly number[]
    /** False where it was never seen to hold. */
    readonly wasHeld: boolean
  }
  /** A standby that cannot be fenced at all, such as one whose brokers run no authorizer. */
  'fence:unavailable': FenceRef & { readonly reason: string; readonly remedy: string }
  'fence:held': FenceRef & { readonly reason: string }
  /** Whether the fence of a standby holds cannot be told. */
  'fence:unproved': FenceRef & { readonly reason: string }
  /** An agent has run a fence command of its region, as a controller ordered. */
  'agent:ran': FenceRef & {
    readonly verb: 'fence' | 'unfence'
    readonly operation: string
    readonly by: string
    readonly ending: string
  }
  /** An agent cannot look for orders, or cannot answer them. */
  'agent:trouble': { readonly region: RegionName; readonly reason: string }
  /** An agent has opened or closed the gate of its region. */
  'gate:moved': { readonly region: RegionName; readonly to: GatePosition; readonly reason: string }
  /** The operator's check says that something else has moved it. */
  'gate:found': { readonly region: RegionName; readonly position: GatePosition }
  'gate:failed': { readonly region: RegionName; readonly reason: string; readonly remedy: string }
  /** The gate cannot do what it is there for, or is closed because nobody says that the region is active. */
  'gate:warned': { readonly region: RegionName; readonly reason: string }
  /** A region differs from a policy, or in other entries than it did. */
  'policy:drifted': PolicyRef & {
    readonly missing: number
    readonly extraOwned: number
    readonly extraForeign: number
    readonly changed: number
    readonly users: number
    readonly quotas: number
    /** The first of them. */
    readonly example: string
  }
  /** A region is as a policy declares it, again or at last. */
  'policy:held': PolicyRef
  /** Entries were put up or taken away unasked. */
  'policy:corrected': PolicyRef & {
    readonly why: 'enforced' | 'kept-up'
    readonly added: number
    readonly removed: number
    readonly users: number
    readonly quotas: number
  }
  /** Probes of a region have found other things than the time before. */
  'probe:changed': {
    readonly region: RegionName
    readonly appeared: number
    readonly gone: number
    /** Of all that there are now; null where there is nothing any more. */
    readonly worst: ProbeSeverity | null
    /** The gravest of those that appeared. */
    readonly example: string | null
  }
  /** What should not happen. */
  'policy:error': { readonly error: unknown }
  /** It cannot be looked at, or cannot be corrected. */
  'policy:stuck': PolicyRef & { readonly reason: string; readonly remedy: string }
}
