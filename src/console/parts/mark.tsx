import type { ComponentChildren } from 'preact'

export type Level = 'good' | 'note' | 'warning' | 'bad' | 'unknown'

/** Shape, word and colour say the same, so that none of them is needed. Drawn, because fonts lack such characters. */
const SHAPES: Readonly<Record<Level, string>> = {
  good: 'M3 8.5 6.5 12 13 4.5',
  note: 'M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.2v.3',
  bad: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.4v.3',
}

export function Mark({ level, children }: { readonly level: Level; readonly children: ComponentChildren }) {
  return (
    <span class={`mark mark-${level}`}>
      <svg class="mark-shape" viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[level]} />
      </svg>
      {children}
    </span>
  )
}
