import type { RegionRole } from '../state.ts'
import type { ReturnPhase, ReturnRecord } from './return-record.ts'

/** The steps of a lost region's return, as data, like those of a move. */
export type ReturnEffectName = 'fenceLost' | 'scan' | 'export' | 'replay' | 'keep' | 'reseed' | 'rejoin'

export interface ReturnStep {
  readonly phase: ReturnPhase
  readonly effect: ReturnEffectName
  /** The role that the region has while the step runs; undefined where it keeps the one it came with. */
  readonly role: RegionRole | undefined
  /** Where the return goes from here; undefined where it has ended. */
  next(record: ReturnRecord): ReturnPhase | undefined
  readonly does: string
  readonly instructions: string
}

const RESUME = 'Remove the cause and resume the return of the region.'

export const RETURN_STEPS: readonly ReturnStep[] = [
  {
    phase: 'fencing',
    effect: 'fenceLost',
    role: undefined,
    next: () => 'scanning',
    does: 'fence the region as soon as it answers, prove it on every broker, measure how long it was open',
    instructions: 'Fence the region by hand, or let Isthmus do it, then resume the return.',
  },
  {
    phase: 'scanning',
    effect: 'scan',
    role: 'returning',
    next: ({ divergence }) => (divergence?.records === 0 && divergence.onlyHere === 0 ? 'rejoining' : 'choosing'),
    does: 'compare every partition with the active region',
    instructions: RESUME,
  },
  {
    phase: 'exporting',
    effect: 'export',
    role: 'returning',
    next: ({ choice }) => (choice?.kind === 'export' ? 'reseeding' : 'replaying'),
    does: 'write out the records that only this region has, and check their digest',
    instructions: RESUME,
  },
  {
    phase: 'replaying',
    effect: 'replay',
    role: 'returning',
    next: ({ choice }) => (choice?.kind === 'keep' ? 'keeping' : 'reseeding'),
    does: 'append the exported records to the active region as late records',
    instructions: RESUME,
  },
  {
    phase: 'keeping',
    effect: 'keep',
    role: 'returning',
    next: () => 'rejoining',
    does: 'attribute the tail, so that the copy goes on behind it',
    instructions: RESUME,
  },
  {
    phase: 'reseeding',
    effect: 'reseed',
    role: 'reseeding',
    next: () => 'rejoining',
    does: 'replace what diverged',
    instructions:
      'Where records below the fork exist only here, export them, choose again with losesOlder, and resume the return.',
  },
  {
    phase: 'rejoining',
    effect: 'rejoin',
    role: undefined,
    next: () => undefined,
    does: 'start the link from the active region and wait until the region has caught up',
    instructions: RESUME,
  },
]

/** The step of a phase; undefined where the return waits for a person. */
export function returnStepOf(phase: ReturnPhase): ReturnStep | undefined {
  return RETURN_STEPS.find((step) => step.phase === phase)
}

/** Where a choice leads. */
export function afterChoice(record: ReturnRecord): ReturnPhase | undefined {
  if (record.choice === undefined) return undefined
  return record.choice.kind === 'discard' ? 'reseeding' : 'exporting'
}
