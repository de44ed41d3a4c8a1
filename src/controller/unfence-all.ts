import type { UnfenceReport, UnfenceVerb } from '../cli/index.ts'
import { loadConfig } from '../config/index.ts'
import { type Clock, createEvents, pause, type Random } from '../core/index.ts'
import type { FenceCommand, FenceStep, LiftedFence, RegionFences, SecurityEvents } from '../security/index.ts'
import { openRegionAccess } from './region-access.ts'

export interface UnfenceContext {
  readonly clock: Clock
  readonly random: Random
  readonly env: FenceCommand['env']
}

/** How long a region is tried. A command of the operator is given its own time. */
const TRY_MS = 20_000
const AGAIN_MS = 500

/**
 * `isthmus unfence --all-of`: takes down what an operation has put up, by what the regions themselves have on record. It
 * needs neither the authority nor a running controller, and so asks nobody for the right to.
 */
export async function runUnfence(
  { config: file, operation, by, region }: UnfenceVerb,
  { clock, random, env }: UnfenceContext,
  signal: AbortSignal,
): Promise<UnfenceReport> {
  const events = createEvents<SecurityEvents>()
  const access = openRegionAccess({ config: loadConfig(file), events, clock, random, env })
  try {
    const meant = [...access.fences.values()].filter((fences) => region === undefined || fences.region === region)
    const regions = await Promise.all(meant.map((fences) => liftIn(fences, { operation, by, clock }, signal)))
    return { operation, regions }
  } finally {
    await access.close()
  }
}

async function liftIn(
  fences: RegionFences,
  { operation, by, clock }: { readonly operation: string; readonly by: string; readonly clock: Clock },
  signal: AbortSignal,
): Promise<UnfenceReport['regions'][number]> {
  const { region } = fences
  const startedMs = clock.monotonicMs()
  for (;;) {
    const step = await fences.liftAllOf(operation, by, signal)
    const patienceMs = step.kind === 'waiting' ? (step.patienceMs ?? 0) : 0
    const isOver = clock.monotonicMs() - startedMs >= Math.max(TRY_MS, patienceMs) || signal.aborted
    if (step.kind === 'done' || step.kind === 'failed' || isOver) return { region, ...reportOf(step) }
    await pause(clock, AGAIN_MS, signal)
  }
}

function reportOf(step: FenceStep<LiftedFence>): Omit<UnfenceReport['regions'][number], 'region'> {
  const nothing = { found: 0, removed: 0, kept: 0 }
  if (step.kind === 'failed') return { state: 'failed', ...nothing, reason: step.fault.message }
  if (step.kind !== 'done') return { state: 'unreachable', ...nothing, reason: step.reason }
  const { isQuiet, ...counts } = step.evidence
  const reason = isQuiet
    ? null
    : 'a broker is away that may still carry out a call to fence: look again when it is back'
  return { state: counts.found === 0 ? 'none' : 'lifted', ...counts, reason }
}
