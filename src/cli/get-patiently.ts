import { isFault, pause } from '../core/index.ts'
import { getJson } from './http.ts'
import type { CliIo } from './io.ts'

/** How long a process that does not answer is asked again: it may be busy, or be started again. */
const PATIENCE_MS = 60_000
const AGAIN_MS = 1_000

/** GET for `--wait`: silence is told once, and does not end the waiting at once. Faults as `getJson`. */
export async function getPatiently<Body>(io: CliIo, api: string, path: string): Promise<Body> {
  const startedMs = io.clock.monotonicMs()
  for (let attempt = 1; ; attempt++) {
    try {
      return await getJson<Body>(io, api, path)
    } catch (error) {
      const isOver = io.signal.aborted || io.clock.monotonicMs() - startedMs > PATIENCE_MS
      if (!isSilence(error) || isOver) throw error
      if (attempt === 1) io.err(`${error.message}; it is asked again\n`)
      await pause(io.clock, AGAIN_MS, io.signal)
    }
  }
}

function isSilence(error: unknown): error is Error {
  return isFault(error) && (error.code === 'CLI_API_TIMED_OUT' || error.code === 'CLI_API_UNREACHABLE')
}
