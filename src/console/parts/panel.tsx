import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
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
  readonly class?: string
  readonly children: ComponentChildren
}

/** A part of a page, under a heading of its own. */
export function Panel({ title, shown, staleSeconds = 10, command, children, ...rest }: PanelProps) {
  const id = useId()
  const isWaiting = shown !== undefined && shown.body === undefined && shown.problem === undefined
  return (
    <section class={`panel ${rest.class ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {shown?.body !== undefined && <Age heardMs={shown.heardMs} staleSeconds={staleSeconds} />}
      </header>
      <ProblemNote problem={shown?.problem} />
      {isWaiting ? <p class="faint">Asking the API.</p> : children}
      {command !== undefined && <Cli command={command} />}
    </section>
  )
}
