import type { DrillDocument, DrillLevel, DrillPhase } from './drill-document.ts'

/** What the phases of a drill call; see `DrillEffects`. */
export type DrillEffectName =
  | 'stream'
  | 'plan'
  | 'leave'
  | 'stay'
  | 'comeBack'
  | 'read'
  | 'restore'
  | 'measure'
  | 'clean'

export interface DrillStep {
  readonly effect: DrillEffectName
  readonly does: string
  /** How long it may take before the drill has failed. */
  readonly limitMs: number
}

/** A move of applications may wait for them to leave the old region for as long as its own steps allow. */
const MOVE_MS = 30 * 60_000

const STEPS: Readonly<Partial<Record<DrillPhase, DrillStep>>> = {
  streaming: { effect: 'stream', does: 'has records written and read', limitMs: 90_000 },
  planning: { effect: 'plan', does: 'plans the move and looks at every guard', limitMs: 90_000 },
  leaving: { effect: 'leave', does: 'switches over', limitMs: MOVE_MS },
  staying: { effect: 'stay', does: 'stays in the other region', limitMs: 2 * 60 * 60_000 },
  returning: { effect: 'comeBack', does: 'moves home', limitMs: MOVE_MS },
  reading: { effect: 'read', does: 'reads the copies', limitMs: 10 * 60_000 },
  restoring: { effect: 'restore', does: 'restores the authority into memory', limitMs: 90_000 },
  measuring: { effect: 'measure', does: 'puts on record what was measured', limitMs: 120_000 },
  cleaning: { effect: 'clean', does: 'takes away what the drill made', limitMs: 180_000 },
}

const WAYS: Readonly<Record<DrillLevel, readonly DrillPhase[]>> = {
  preflight: ['planning', 'cleaning', 'done'],
  canary: ['streaming', 'planning', 'leaving', 'staying', 'returning', 'measuring', 'cleaning', 'done'],
  isolated: ['planning', 'reading', 'cleaning', 'done'],
  full: ['planning', 'leaving', 'staying', 'returning', 'measuring', 'cleaning', 'done'],
  authority: ['restoring', 'cleaning', 'done'],
}

export function stepOf({ phase }: Pick<DrillDocument, 'phase'>): DrillStep | undefined {
  return STEPS[phase]
}

/** The phase behind the present one. */
export function phaseAfter({ level, phase }: Pick<DrillDocument, 'level' | 'phase'>): DrillPhase {
  const way = WAYS[level]
  return way[way.indexOf(phase) + 1] ?? 'done'
}

/** Where a drill goes on that cannot go on as it was meant to: what was seen is kept, what was made is taken away. */
export function phaseOfEnd({ level, phase }: Pick<DrillDocument, 'level' | 'phase'>): DrillPhase {
  const way = WAYS[level]
  const measuring = way.indexOf('measuring')
  return measuring > way.indexOf(phase) && phase !== 'requested' ? 'measuring' : 'cleaning'
}

/** Whether what happens outside may still end it: behind that it only measures and takes away. */
export function isInterruptible({ phase, outcome }: Pick<DrillDocument, 'phase' | 'outcome'>): boolean {
  return outcome === undefined && phase !== 'measuring' && phase !== 'cleaning' && phase !== 'done'
}

/** Whether it needs the stream that its process has: in front of that it is started, and behind it was counted. */
export function needsStream({ level, phase }: Pick<DrillDocument, 'level' | 'phase'>): boolean {
  return (
    level === 'canary' && (phase === 'planning' || phase === 'leaving' || phase === 'staying' || phase === 'returning')
  )
}
