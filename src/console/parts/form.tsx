import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FormProps {
  /** What the button says. */
  readonly label: string
  /** What it says while the answer is waited for. */
  readonly waitingLabel: string
  readonly isWaiting: boolean
  /** Why it cannot be pressed now. */
  readonly obstacle: string | undefined
  /** What has come of it; said instead of what stands in the way. @defaultValue nothing */
  readonly told?: string
  readonly onSubmit: () => unknown
  /** Its fields. */
  readonly children: ComponentChildren
}

/**
 * Fields, one button, and why it cannot be pressed. The button can be reached all the same, and keeps the focus while it
 * waits: from one that is `disabled` a browser takes it away, and the next Tab begins at the top of the page.
 */
export function Form({ label, waitingLabel, isWaiting, obstacle, told = '', onSubmit, children }: FormProps) {
  const id = useId()
  const isOff = obstacle !== undefined || isWaiting
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isOff) onSubmit()
      }}
    >
      {children}
      <button type="submit" aria-disabled={isOff} aria-describedby={id}>
        {isWaiting ? waitingLabel : label}
      </button>
      <p class="faint" role="status" id={id}>
        {isWaiting ? `${waitingLabel}.` : told || obstacle}
      </p>
    </form>
  )
}
