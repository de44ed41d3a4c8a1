import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { focusHeading } from '../client/focus.ts'

interface DisclosureProps {
  readonly label: string
  readonly children: ComponentChildren
}

/** What stands folded up until somebody wants it. Escape folds it up again; where it goes away, the page has the focus. */
export function Disclosure({ label, children }: DisclosureProps) {
  const place = useRef<HTMLDetailsElement>(null)
  const head = useRef<HTMLElement>(null)
  useLayoutEffect(() => {
    const here = place.current
    return () => {
      if (here?.contains(document.activeElement) === true) focusHeading()
    }
  }, [])
  const fold = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || place.current === null || !place.current.open) return
    place.current.open = false
    head.current?.focus()
  }
  return (
    <details class="intervention" ref={place} onKeyDown={fold}>
      <summary ref={head}>{label}</summary>
      {children}
    </details>
  )
}
