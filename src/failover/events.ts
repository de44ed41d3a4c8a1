import type { Events } from '../core/index.ts'
import type { AutomaticDecision } from './automatic/decide-automatic.ts'
import type { DrillLevel, DrillMeasured, DrillOutcome, DrillPhase } from './drills/drill-document.ts'
import type { MoveKind, Phase } from './state.ts'
import type { ReturnPhase } from './returns/return-record.ts'

/** What moving failover groups tells the rest. */
export type FailoverEvents = {
  'lead:gained': { readonly name: string; readonly token: number }
  'lead:lost': { readonly name: string; readonly reason: string }
  /** An operation entered a phase. */
  'move:phase': {
    readonly group: string
    readonly operation: string
    readonly kind: MoveKind
    readonly phase: Phase
    readonly reason: string
  }
  /** The reign changed: the one event that says that another region is active. */
  'move:committed': {
    readonly group: string
    readonly operation: string
    readonly active: string
    readonly epoch: number
  }
  'move:ended': { readonly group: string; readonly operation: string; readonly phase: Phase; readonly reason: string }
  'return:phase': {
    readonly group: string
    readonly region: string
    /** Undefined where the region is a standby again. */
    readonly phase: ReturnPhase | undefined
    readonly reason: string
  }
  /** What the mode of a group makes of its active region has changed. `page`: a person has to decide. */
  'automatic:decided': {
    readonly group: string
    readonly kind: AutomaticDecision['kind']
    readonly reason: string
    /** The one command that a person has to give; null where there is none. */
    readonly command: string | null
  }
  'drill:phase': {
    readonly group: string
    readonly drill: string
    readonly level: DrillLevel
    readonly phase: DrillPhase
    readonly reason: string
  }
  'drill:ended': {
    readonly group: string
    readonly drill: string
    readonly level: DrillLevel
    readonly outcome: DrillOutcome['kind']
    readonly reason: string
    readonly measured: DrillMeasured | null
  }
  'failover:error': { readonly group: string; readonly what: string; readonly error: unknown }
}

export type FailoverEventBus = Events<FailoverEvents>
