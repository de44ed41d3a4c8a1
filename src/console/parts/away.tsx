import type { CallerBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { useApi } from '../client/hooks.ts'
import { isAway } from '../client/http.ts'
import { CALLER_EVERY_MS } from '../client/orders.ts'
import { moment } from '../words/numbers.ts'
import { Age } from './age.tsx'

/** Stands above every page where the API is away: since when, and that nothing below is of now. */
export function Away() {
  const { problem, heardMs } = useApi<CallerBody>('/caller', CALLER_EVERY_MS)
  if (!isAway(problem)) return null
  const at = heardMs === undefined ? undefined : systemClock.nowMs() - (systemClock.monotonicMs() - heardMs)
  return (
    <div class="problem away">
      <p role="alert">
        <strong>The API does not answer.</strong>{' '}
        {at === undefined
          ? 'Nothing was heard of it yet.'
          : `What is shown here was true at ${moment(Math.round(at / 1_000) * 1_000)}; what has happened since is not known.`}{' '}
        It is asked again every few seconds; another controller serves the same console.
      </p>
      <Age heardMs={heardMs} staleSeconds={0} label="last heard" />
    </div>
  )
}
