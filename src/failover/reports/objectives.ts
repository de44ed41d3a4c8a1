import { type Figure, orDash, seconds, type Tone } from './page.ts'

/** `unmeasured` also where nothing is promised but nothing was measured either. */
export type ObjectiveVerdict = 'met' | 'missed' | 'not promised' | 'unmeasured'

export function judgeObjective(worstMs: number | null, objectiveMs: number | null): ObjectiveVerdict {
  if (worstMs === null) return 'unmeasured'
  if (objectiveMs === null) return 'not promised'
  return worstMs <= objectiveMs ? 'met' : 'missed'
}

interface Objective {
  readonly label: string
  readonly measuredMs: number | null | undefined
  readonly objectiveMs: number | null
  readonly verdict: ObjectiveVerdict
}

export function objectiveFigure({ label, measuredMs, objectiveMs, verdict }: Objective): Figure {
  const note = objectiveMs === null ? verdict : `${verdict}, objective ${seconds(objectiveMs)}`
  return { label, value: orDash(measuredMs), note, tone: TONES[verdict] }
}

const TONES: Readonly<Record<ObjectiveVerdict, Tone>> = {
  met: 'good',
  missed: 'bad',
  'not promised': 'open',
  unmeasured: 'open',
}

export function lostFigure(records: number | null | undefined, note: string): Figure {
  const isKnown = records !== null && records !== undefined
  return {
    label: 'Records lost',
    value: isKnown ? records.toLocaleString('en-US') : '–',
    note,
    tone: !isKnown ? 'open' : records === 0 ? 'good' : 'bad',
  }
}
