import type { ComponentChildren } from 'preact'
import { useContext } from 'preact/hooks'
import { Old } from './old.tsx'

export type Level = 'good' | 'note' | 'warning' | 'bad' | 'unknown'

/** Shape, word and colour say the same, so that none of them is needed. Drawn, because fonts lack such characters. */
const SHAPES: Readonly<Record<Level, string>> = {
  good: 'M3 8.5 6.5 12 13 4.5',
  note: 'M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.2v.3',
  bad: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.4v.3',
}

interface MarkProps {
  readonly level: Level
  /** Whether it was so once, and is not known to be so now. @defaultValue whether all around it is old */
  readonly isOld?: boolean
  readonly children: ComponentChildren
}

/** What was good when it was last heard of is not called good, and all that is old says so. */
export function Mark({ level, isOld = false, children }: MarkProps) {
  const isPast = (useContext(Old) || isOld) && level !== 'unknown'
  const shown = isPast && level === 'good' ? 'unknown' : level
  return (
    <span class={`mark mark-${shown}`}>
      <svg class="mark-shape" viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[shown]} />
      </svg>
      {isPast && 'was: '}
      {children}
    </span>
  )
}
