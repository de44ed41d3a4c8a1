import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { systemClock } from '../../core/index.ts'
import { useNow } from '../client/hooks.ts'
import type { Shown } from '../client/resource.ts'

/** True around what was heard too long ago to say anything of now. */
export const Old = createContext(false)

/** Of what is usually heard every two seconds. */
export const STALE_SECONDS = 10

/** Whether what is shown is older than it ever is while the API answers. */
export function useIsOld({ body, heardMs }: Shown<unknown>, staleSeconds = STALE_SECONDS): boolean {
  const nowMs = Math.max(useNow(), systemClock.monotonicMs())
  return body !== undefined && heardMs !== undefined && nowMs - heardMs > staleSeconds * 1_000
}

/** Stands before a sentence that was true once. */
export function OnceTrue() {
  return useContext(Old) ? <span>When it was last heard: </span> : null
}
