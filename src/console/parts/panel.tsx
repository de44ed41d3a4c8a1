import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import type { Shown } from '../client/resource.ts'
import { Age } from './age.tsx'
import { Cli } from './cli.tsx'
import { Old, STALE_SECONDS, useIsOld } from './old.tsx'
import { ShownProblem } from './problem.tsx'

interface PanelProps {
  readonly title: ComponentChildren
  /** What it shows: its age stands beside the title, its trouble below. */
  readonly shown?: Shown<unknown>
  /** Older than this it is shown as old. @defaultValue 10 */
  readonly staleSeconds?: number
  /** What is said before the first answer. @defaultValue Asking the API. */
  readonly waiting?: string
  readonly command?: string
  /** Whether its heading has the focus once it is there, as the answer to what was asked for. @defaultValue false */
  readonly takesFocus?: boolean
  readonly class?: string
  readonly children: ComponentChildren
}

const NOTHING_SHOWN: Shown<unknown> = { body: undefined, heardMs: undefined, problem: undefined }

/** A part of a page, under a heading of its own. */
export function Panel({
  title,
  shown,
  staleSeconds = STALE_SECONDS,
  waiting = 'Asking the API.',
  command,
  takesFocus = false,
  children,
  ...rest
}: PanelProps) {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (takesFocus) heading.current?.focus()
  }, [takesFocus])
  const isOld = useIsOld(shown ?? NOTHING_SHOWN, staleSeconds)
  const isWaiting = shown !== undefined && shown.body === undefined && shown.problem === undefined
  return (
    <section class={`panel${isOld ? ' panel-old' : ''} ${rest.class ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id} ref={heading} tabIndex={takesFocus ? -1 : undefined}>
          {title}
        </h2>
        {shown?.body !== undefined && <Age heardMs={shown.heardMs} staleSeconds={staleSeconds} />}
      </header>
      <ShownProblem shown={shown} />
      <Old.Provider value={isOld}>{isWaiting ? <p class="faint">{waiting}</p> : children}</Old.Provider>
      {command !== undefined && <Cli command={command} />}
    </section>
  )
}
