import type { LinkBody, StatusBody } from '../../api/contract/index.ts'
import type { Shown } from '../client/resource.ts'
import { linkTo } from '../route.ts'
import { isSourceUnseen } from '../words/exposure.ts'
import { Mark } from './mark.tsx'
import { useIsOld } from './old.tsx'
import { ShownProblem } from './problem.tsx'

const LEVELS = { starting: 'note', running: 'good', degraded: 'warning', paused: 'warning', stopped: 'bad' } as const

interface LinkPickerProps {
  readonly status: Shown<StatusBody>
  /** The page that shows one link. */
  readonly page: string
  readonly picked: string | undefined
}

/** The links, one of which is shown below. */
export function LinkPicker({ status, page, picked }: LinkPickerProps) {
  const { body } = status
  const isOld = useIsOld(status)
  return (
    <>
      <ShownProblem shown={status} />
      {body?.links.length === 0 && <p>This process copies nothing: no link is there.</p>}
      <ul class="picker" aria-label="Links">
        {body?.links.map(({ link, source, target, state, lagAgeSeconds }) => (
          <li key={link}>
            <a href={linkTo([page], { link })} aria-current={link === picked ? 'true' : undefined}>
              <strong>
                {source} to {target}
              </strong>
              <span class="faint">{link}</span>
              <Mark level={LEVELS[state]} isOld={isOld || (state === 'running' && isSourceUnseen(lagAgeSeconds))}>
                {state}
              </Mark>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

/** The one that was asked for, else the first. */
export function pickLink(links: readonly LinkBody[] | undefined, wanted: string | undefined): LinkBody | undefined {
  return links?.find(({ link }) => link === wanted) ?? links?.[0]
}
