import { useState } from 'preact/hooks'
import { systemClock } from '../../core/index.ts'
import { askApi, problemOfError } from './http.ts'
import type { Shown } from './resource.ts'
import { session } from './session.ts'

/** Checks look at every region, one command behind the other. */
const TIMEOUT_MS = 130_000

export interface Looking<Body> {
  /** What the last look came to. */
  readonly shown: Shown<Body>
  readonly isLooking: boolean
  /** Asks the API once; nothing changes by it. */
  look(path: string): Promise<void>
}

/** What is asked for when a person presses a button, and not by itself. */
export function useLook<Body>(): Looking<Body> {
  const [shown, show] = useState<Shown<Body>>({ body: undefined, heardMs: undefined, problem: undefined })
  const [isLooking, setLooking] = useState(false)
  return {
    shown,
    isLooking,
    async look(path) {
      setLooking(true)
      try {
        const { body } = await askApi<Body>(path, { token: session.token, timeoutMs: TIMEOUT_MS })
        show({ body, heardMs: systemClock.monotonicMs(), problem: undefined })
      } catch (error) {
        show({ ...shown, problem: problemOfError(error) })
      }
      setLooking(false)
    },
  }
}
