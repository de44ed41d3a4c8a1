import type { Block, Timeline } from './page.ts'

/** A step as a picture needs it. */
export interface TimedStep {
  readonly phase: string
  /** ISO 8601. */
  readonly at: string
  readonly tookMs: number
}

interface TimedMove {
  readonly to: string
  readonly steps: readonly TimedStep[]
}

export interface Shown {
  readonly steps: readonly TimedStep[]
  /** Moves among the steps: when they held writes up, and when they were committed. */
  readonly moves: readonly TimedMove[]
}

/** When applications could not write; the end is that of the opening, of the way back, or of what is known. */
export interface HeldUp {
  readonly from: string
  readonly to: string
}

const BAD: ReadonlySet<string> = new Set(['needs-operator', 'rolling-back'])

/** One bar a step. No block where nothing has taken any time. Pure. */
export function timelineOf({ steps, moves }: Shown): Block[] {
  const [first] = steps
  const bars = steps.filter(({ tookMs }) => tookMs > 0)
  if (first === undefined || bars.length === 0) return []
  const startMs = Date.parse(first.at)
  const sinceStart = (at: string) => Math.max(0, Date.parse(at) - startMs)
  const timeline: Timeline = {
    says: `What each of ${bars.length} steps took, and when writes were held up`,
    bars: bars.map(({ phase, at, tookMs }) => {
      const fromMs = sinceStart(at)
      return { label: phase, fromMs, toMs: fromMs + tookMs, tone: BAD.has(phase) ? 'bad' : 'open' }
    }),
    held: moves.flatMap((move) => {
      const held = heldUpBy(move.steps)
      return held === undefined ? [] : [{ fromMs: sinceStart(held.from), toMs: sinceStart(held.to) }]
    }),
    marks: moves.flatMap(({ to, steps: of }) => {
      const committed = of.find(({ phase }) => phase === 'promoting')
      return committed === undefined ? [] : [{ atMs: sinceStart(committed.at), label: `${to} is active` }]
    }),
  }
  return [{ kind: 'timeline', timeline }]
}

/** From the first call of the fence on; undefined of a move that never came to it. Pure. */
export function heldUpBy(steps: readonly TimedStep[]): HeldUp | undefined {
  const fenced = steps.find(({ phase }) => phase === 'fencing')
  if (fenced === undefined) return undefined
  const opening = steps.findLast(({ phase }) => phase === 'opening')
  const last = steps.at(-1) ?? fenced
  const to = opening === undefined || opening === last ? last : opening
  return { from: fenced.at, to: endOf(to) }
}

/** Each step with what it took; the last one took nothing yet. Pure. */
export function untilNext<Step extends { readonly at: string }>(
  steps: readonly Step[],
): (Step & { readonly tookMs: number })[] {
  return steps.map((step, index) => {
    const next = steps[index + 1]
    return { ...step, tookMs: next === undefined ? 0 : Math.max(0, Date.parse(next.at) - Date.parse(step.at)) }
  })
}

function endOf({ at, tookMs }: TimedStep): string {
  return new Date(Date.parse(at) + tookMs).toISOString()
}
