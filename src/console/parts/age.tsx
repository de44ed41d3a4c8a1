import { systemClock } from '../../core/index.ts'
import { useNow } from '../client/hooks.ts'
import { ago } from '../words/numbers.ts'

interface AgeProps {
  /** When it was heard, by `systemClock.monotonicMs`; undefined before the first time. */
  readonly heardMs: number | undefined
  /** How old it was then. @defaultValue 0 */
  readonly seconds?: number | null | undefined
  /** Older than this it is shown as old. @defaultValue 10 */
  readonly staleSeconds?: number
  /** @defaultValue as of */
  readonly label?: string
}

/** How old a number is, in words: it grows while nothing newer is heard. */
export function Age({ heardMs, seconds = 0, staleSeconds = 10, label = 'as of' }: AgeProps) {
  const nowMs = useNow()
  if (heardMs === undefined || seconds === null || seconds === undefined) {
    return <span class="age age-stale">never seen</span>
  }
  const age = seconds + Math.max(0, Math.max(nowMs, systemClock.monotonicMs()) - heardMs) / 1_000
  const isStale = age > staleSeconds
  return (
    <span class={isStale ? 'age age-stale' : 'age'}>
      {isStale ? 'old: ' : ''}
      {label} {ago(age)}
    </span>
  )
}
