import type { DrillDesk, GroupDesk } from '../../failover/index.ts'

/** A failover group, as far as objects have a say in it. */
export interface ObjectsGroup {
  readonly desk: Pick<GroupDesk, 'plan' | 'operation' | 'start' | 'abort'>
  /** Undefined of a group that has no drills. */
  readonly drills: { readonly desk: Pick<DrillDesk, 'order' | 'find' | 'running' | 'abort'> } | undefined
  /** How long a move may hold up writes where it does not say, milliseconds. */
  readonly writePauseMs: number
}
