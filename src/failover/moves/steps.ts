import { invariant } from '../../core/index.ts'
import type { MoveKind, OperationRecord, Phase } from '../state.ts'

/**
 * The steps of a move, as data: what `decide` follows, what the invariants allow, what the plan shows, and what the
 * tests kill controllers in. A step is one persisted phase with at most one effect; the effect is idempotent, and the
 * phase is left only for the reasons that stand here.
 */
export type EffectName =
  | 'preflight'
  | 'fence'
  | 'settle'
  | 'cut'
  | 'drain'
  | 'prove'
  | 'catchUp'
  | 'positions'
  | 'confirm'
  | 'promote'
  | 'open'
  | 'reroute'
  | 'evict'
  | 'reverse'
  | 'verify'
  | 'rollBack'

/** `fall-back` is the failover's fence: an attestation, or an earlier proof, may stand in for it. */
export type OnTrouble = 'roll-back' | 'needs-operator' | 'go-on' | 'fall-back'

export interface Step {
  readonly phase: Phase
  readonly effect: EffectName
  readonly next: Phase
  /** Null: it goes on for as long as it takes, because there is nothing better to do. */
  readonly timeoutMs: number | null
  readonly onFailed: OnTrouble
  readonly onTimeout: OnTrouble
  /** Whether an operator may acknowledge the trouble and have the move go on without this step. */
  readonly isSkippable: boolean
  /** For the plan: what happens. */
  readonly does: string
  /** For `needs-operator`: what to do, in the imperative. */
  readonly instructions: string
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

type StepParts = Pick<Step, 'effect' | 'does' | 'instructions'> & Partial<Step>

const before = (phase: Phase, next: Phase, parts: StepParts): Step => ({
  phase,
  next,
  timeoutMs: MINUTE_MS,
  onFailed: 'roll-back',
  onTimeout: 'roll-back',
  isSkippable: false,
  ...parts,
})

const after = (phase: Phase, next: Phase, parts: StepParts): Step => ({
  phase,
  next,
  timeoutMs: 5 * MINUTE_MS,
  onFailed: 'needs-operator',
  onTimeout: 'needs-operator',
  isSkippable: false,
  ...parts,
})

const RETRY = 'Remove the cause and resume the operation, or abort it.'

const PREFLIGHT = before('preflight', 'fencing', {
  effect: 'preflight',
  does: 'evaluate every guard again',
  instructions: RETRY,
})

const AFTER_COMMIT: readonly Step[] = [
  after('promoting', 'opening', {
    effect: 'promote',
    does: 'take over every shard on the new active region with a marker on every partition, put the configs in force',
    instructions:
      'Resume the operation when the new active region answers, or fail over to any region that holds the cut: no application has written yet.',
  }),
  after('opening', 'rerouting', {
    effect: 'open',
    does: 'lift the fence of the new active region and have a canary accepted by every broker',
    instructions: 'Resume the operation when the new active region answers, or fail over to another region.',
  }),
  after('rerouting', 'evicting', {
    effect: 'reroute',
    isSkippable: true,
    does: 'switch every routing provider and check it',
    instructions: 'Repair the routing provider and resume, or switch by hand and acknowledge.',
  }),
  after('evicting', 'reversing', {
    effect: 'evict',
    onFailed: 'go-on',
    onTimeout: 'go-on',
    isSkippable: true,
    does: 'move the clients that are still connected to the old region',
    instructions: 'Restart the clients that status lists.',
  }),
  after('reversing', 'verifying', {
    effect: 'reverse',
    does: 'start links from the new active region to every standby at the cut',
    instructions: 'Remove the cause and resume the operation: nothing is copied to the standbys before.',
  }),
  after('verifying', 'done', {
    effect: 'verify',
    isSkippable: true,
    does: 'check routing, fences, links and a canary once more',
    instructions: 'Look at what failed, then resume the operation, or acknowledge it.',
  }),
]

const ROLLING_BACK: Step = {
  phase: 'rolling-back',
  effect: 'rollBack',
  next: 'rolled-back',
  timeoutMs: null,
  onFailed: 'needs-operator',
  onTimeout: 'needs-operator',
  isSkippable: false,
  does: 'lift the fences of the operation and have a canary accepted by every broker of the active region',
  instructions: 'Remove the cause and resume the operation, or fail over to another region.',
}

const LOSSLESS: readonly Step[] = [
  PREFLIGHT,
  before('fencing', 'settling', {
    effect: 'fence',
    does: 'fence the active region and prove it on every broker',
    instructions: RETRY,
  }),
  before('settling', 'cut', {
    effect: 'settle',
    does: 'wait for transactions that are ending, end those that are open',
    instructions: RETRY,
  }),
  before('cut', 'draining', {
    effect: 'cut',
    does: 'write a marker behind everything that was accepted, on every partition',
    instructions: RETRY,
  }),
  before('draining', 'proving', {
    effect: 'drain',
    timeoutMs: null,
    does: 'wait until the target holds everything below the cut',
    instructions: RETRY,
  }),
  before('proving', 'translating', {
    effect: 'prove',
    does: 'compare the tail of every partition',
    instructions: RETRY,
  }),
  before('translating', 'committing', {
    effect: 'positions',
    does: 'let groups reach the cut, fence them, carry their positions over',
    instructions: RETRY,
  }),
  before('committing', 'promoting', {
    effect: 'confirm',
    timeoutMs: 20 * SECOND_MS,
    does: 'read the ends once more, see the fence hold, then commit',
    instructions: RETRY,
  }),
  ...AFTER_COMMIT,
  ROLLING_BACK,
]

const FAILOVER: readonly Step[] = [
  PREFLIGHT,
  before('fencing', 'catching-up', {
    effect: 'fence',
    timeoutMs: 3 * SECOND_MS,
    onFailed: 'fall-back',
    onTimeout: 'fall-back',
    does: 'fence the region that is left, as far as it answers',
    instructions:
      'Run the fence command of the region, or see to it that nobody can write there, then resume the operation with an attestation. Or abort it.',
  }),
  before('catching-up', 'translating', {
    effect: 'catchUp',
    does: 'fetch what another reachable standby holds beyond the new active region',
    instructions: RETRY,
  }),
  before('translating', 'committing', {
    effect: 'positions',
    does: 'carry the last known positions of groups over',
    instructions: RETRY,
  }),
  before('committing', 'promoting', {
    effect: 'confirm',
    timeoutMs: 20 * SECOND_MS,
    does: 'see the target answer and the fence hold, then commit',
    instructions: RETRY,
  }),
  ...AFTER_COMMIT,
  ROLLING_BACK,
]

/** The steps of a kind of move, in order; rolling back stands last. */
export function stepsOf(kind: MoveKind): readonly Step[] {
  return kind === 'failover' ? FAILOVER : LOSSLESS
}

/** The step of a phase; undefined where the phase has none: requested, and those that end an operation or wait. */
export function stepOf(kind: MoveKind, phase: Phase): Step | undefined {
  return stepsOf(kind).find((step) => step.phase === phase)
}

/** The phase after `requested`. */
export const FIRST_PHASE: Phase = 'preflight'

/** Whether the phase lies behind the commit: the only way from there is forward. */
export function isBehindCommit(phase: Phase): boolean {
  return phase === 'done' || AFTER_COMMIT.some((step) => step.phase === phase)
}

/** Phases in which an operation has ended. */
export function hasEnded(phase: Phase): boolean {
  return phase === 'done' || phase === 'rolled-back'
}

/** Where the operation stands, also when it waits for a person there. */
export function standsAt(operation: OperationRecord): Phase {
  if (operation.phase !== 'needs-operator') return operation.phase
  invariant(operation.stop !== undefined, `operation ${operation.id} needs an operator without saying where`)
  return operation.stop.at
}

/**
 * Whether the operation can still be rolled back. One that took over from a move that was committed and never opened
 * cannot: there is no writable region to go back to.
 */
export function isReversible(operation: OperationRecord): boolean {
  return !isBehindCommit(standsAt(operation)) && operation.fence !== 'standing'
}

/** Whether the operation holds applications up: from the first call of its fence until it is lifted on either side. */
export function isWritePaused(operation: OperationRecord): boolean {
  const at = standsAt(operation)
  const isOpen = isBehindCommit(at) && at !== 'promoting' && at !== 'opening'
  return operation.fence !== 'untouched' && !isOpen
}
