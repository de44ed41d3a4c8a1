import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import type { Shown } from '../client/resource.ts'
import { Age } from './age.tsx'
import { Cli } from './cli.tsx'
import { ProblemNote } from './problem.tsx'

interface PanelProps {
  readonly title: ComponentChildren
  /** What it shows: its age stands beside the title, its trouble below. */
  readonly shown?: Shown<unknown>
  /** @defaultValue 10 */
  readonly staleSeconds?: number
  readonly command?: string
  /** Whether its heading has the focus once it is there, as the answer to what was asked for. @defaultValue false */
  readonly takesFocus?: boolean
  readonly class?: string
  readonly children: ComponentChildren
}

/** A part of a page, under a heading of its own. */
export function Panel({ title, shown, staleSeconds = 10, command, takesFocus = false, children, ...rest }: PanelProps) {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (takesFocus) heading.current?.focus()
  }, [takesFocus])
  const isWaiting = shown !== undefined && shown.body === undefined && shown.problem === undefined
  return (
    <section class={`panel ${rest.class ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id} ref={heading} tabIndex={takesFocus ? -1 : undefined}>
          {title}
        </h2>
        {shown?.body !== undefined && <Age heardMs={shown.heardMs} staleSeconds={staleSeconds} />}
      </header>
      <ProblemNote problem={shown?.problem} />
      {isWaiting ? <p class="faint">Asking the API.</p> : children}
      {command !== undefined && <Cli command={command} />}
    </section>
  )
}
