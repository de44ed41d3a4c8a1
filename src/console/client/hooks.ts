import { useEffect, useState } from 'preact/hooks'
import type { EventBody, StatusBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { parseRoute, type Route } from '../route.ts'
import { liveEvents, type LiveState } from './event-stream.ts'
import { resourceOf, type Shown } from './resource.ts'
import { session } from './session.ts'

/** @defaultValue 2000 */
const EVERY_MS = 2_000

/** What the API says at a path, kept up to date; nothing is asked for at `undefined`. */
export function useApi<Body>(path: string | undefined, everyMs = EVERY_MS): Shown<Body> {
  const [, show] = useState({})
  useEffect(() => {
    if (path === undefined) return undefined
    const stop = resourceOf(path, everyMs).subscribe(() => show({}))
    show({})
    return stop
  }, [path, everyMs])
  const nothing = { body: undefined, heardMs: undefined, problem: undefined }
  return path === undefined ? nothing : (resourceOf(path, everyMs).shown as Shown<Body>)
}

export function useStatus(): Shown<StatusBody> {
  return useApi<StatusBody>('/status')
}

/** The present, in steps. */
export function useNow(everyMs = 1_000): number {
  const [nowMs, setNow] = useState(systemClock.monotonicMs())
  useEffect(() => {
    let timer = systemClock.setTimer(everyMs, tick)
    function tick() {
      setNow(systemClock.monotonicMs())
      timer = systemClock.setTimer(everyMs, tick)
    }
    return () => timer.cancel()
  }, [everyMs])
  return nowMs
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const onChange = () => setHash(location.hash)
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  return parseRoute(hash)
}

export function useLive(): { readonly state: LiveState; readonly recent: readonly EventBody[] } {
  const [, show] = useState({})
  useEffect(() => liveEvents.on(() => show({})), [])
  return { state: liveEvents.state, recent: liveEvents.recent }
}

export function useSession(): { readonly token: string | undefined; readonly isRefused: boolean } {
  const [, show] = useState({})
  useEffect(() => session.onChange(() => show({})), [])
  return { token: session.token, isRefused: session.isRefused }
}
