import { useContext } from 'preact/hooks'
import type { FailoverGroupSummary, RegionsBody, StatusBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { useApi, useNow, useStatus } from '../client/hooks.ts'
import type { Shown } from '../client/resource.ts'
import { Age } from '../parts/age.tsx'
import { Mark } from '../parts/mark.tsx'
import { Old, OnceTrue } from '../parts/old.tsx'
import { Panel } from '../parts/panel.tsx'
import { linkTo } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { describeGroup, describeRereads, type Exposure, exposuresOf, FRESH_SECONDS } from '../words/exposure.ts'
import { awayOf, HEARD_LIMIT_SECONDS, judgeGroup } from '../words/judge-group.ts'
import { ago, moment, plural } from '../words/numbers.ts'

/** What is active, since when, and what its loss would cost now. */
export function Overview() {
  const status = useStatus()
  const regions = useApi<RegionsBody>('/regions')
  const { body } = status
  return (
    <>
      <Panel title="The whole" shown={status} command={commandOf('status')}>
        <p class="lead">
          <OnceTrue />
          {body?.summary}
        </p>
        {body !== undefined && body.openIncidents > 0 && (
          <p>
            <Mark level="warning">{plural(body.openIncidents, 'incident')} to acknowledge</Mark>, over all links that
            this process copies: something was lost, or is not what it was. They block a switchover of their group.{' '}
            <code>isthmus incidents</code>
          </p>
        )}
        {body?.config !== undefined && <Configuration config={body.config} />}
        {body !== undefined && body.anonymous !== 'none' && (
          <p class="faint">Whoever reaches this API is {body.anonymous} without a token.</p>
        )}
      </Panel>
      {body?.failoverGroups.map((group) => (
        <GroupPanel key={group.group} group={group} status={status} regions={regions} />
      ))}
      {body?.failoverGroups.length === 0 && <p>No failover group is configured: nothing here can be moved.</p>}
    </>
  )
}

/** Nothing where what counts is what the file says. */
function Configuration({ config: { file, refused, held, restartKeys } }: Required<Pick<StatusBody, 'config'>>) {
  return (
    <>
      {refused !== null && (
        <p>
          <Mark level="warning">{file} is not used as it stands</Mark>: {refused}
        </p>
      )}
      {held !== null && (
        <p>
          {file} has changed and waits: {held}
        </p>
      )}
      {restartKeys.length > 0 && (
        <p>
          {file} has changed; this process takes these keys after a restart: {restartKeys.join(', ')}
        </p>
      )}
    </>
  )
}

interface GroupPanelProps {
  readonly group: FailoverGroupSummary
  readonly status: Shown<StatusBody>
  readonly regions: Shown<RegionsBody>
}

function GroupPanel({ group, status, ...heard }: GroupPanelProps) {
  const nowMs = Math.max(useNow(), systemClock.monotonicMs())
  const { body, heardMs = nowMs } = status
  if (body === undefined) return null
  const isRegionsHeard = nowMs - (heard.regions.heardMs ?? 0) <= HEARD_LIMIT_SECONDS * 1_000
  const regions = isRegionsHeard ? heard.regions.body?.regions : undefined
  const sinceSeconds = (body.atMs - Date.parse(group.since)) / 1_000
  const exposures = exposuresOf(group, body)
  const { level, words, runbook } = judgeGroup(group, {
    ageSeconds: (nowMs - heardMs) / 1_000,
    regions,
    exposures,
  })
  return (
    <Panel
      title={group.group}
      shown={{ ...status, problem: undefined }}
      class="group"
      command={commandOf('clients', group.group)}
    >
      <p class="lead">
        <Mark level={level}>{words}</Mark> {describeGroup(group)}
      </p>
      <p class="faint">
        {group.active} since {moment(group.since)} ({ago(sinceSeconds)}), epoch {group.epoch}
      </p>
      {exposures.map((exposure) => (
        <ExposureNote key={exposure.standby} exposure={exposure} heardMs={heardMs} />
      ))}
      <Needs group={group} regions={regions} />
      <LastDrill group={group} />
      <p class="links">
        {runbook !== undefined && <a href={linkTo(['runbooks', runbook[0]], runbook[1])}>What to do: {runbook[0]}</a>}
        <a href={linkTo(['move'], { group: group.group })}>Move {group.group}</a>
        {awayOf(group).map(({ region }) => (
          <a key={region} href={linkTo(['divergence'], { group: group.group, region })}>
            What only {region} has
          </a>
        ))}
      </p>
    </Panel>
  )
}

function ExposureNote({ exposure, heardMs }: { readonly exposure: Exposure; readonly heardMs: number | undefined }) {
  const { standby, name, link, sentence, level, lagAgeSeconds } = exposure
  const isOld = useContext(Old)
  const levels = { none: 'good', some: 'note', unknown: 'unknown', elsewhere: 'unknown' } as const
  return (
    <div class="exposure">
      <p>
        <Mark level={isOld ? 'unknown' : levels[level]}>{standby}</Mark> <OnceTrue />
        {sentence}{' '}
        {(link !== undefined || lagAgeSeconds !== null) && (
          <Age heardMs={heardMs} seconds={lagAgeSeconds} label="source seen" staleSeconds={FRESH_SECONDS} />
        )}
      </p>
      {link !== undefined && (
        <p>
          {describeRereads(link)}{' '}
          {link.groups > 0 && (
            <Age heardMs={heardMs} seconds={link.positionsAgeSeconds} label="positions in step" staleSeconds={60} />
          )}
        </p>
      )}
      {link !== undefined && link.state !== 'running' && (
        <p>
          <Mark level="warning">{link.state}</Mark> {link.link} copies nothing, or not all: {link.reason}
        </p>
      )}
      {link !== undefined && (
        <p>
          <a href={linkTo(['flows'], { link: name })}>Flows of {name}</a>
        </p>
      )}
    </div>
  )
}

/** Whatever a person has to see to. */
function Needs({
  group,
  regions = [],
}: {
  readonly group: FailoverGroupSummary
  readonly regions: RegionsBody['regions'] | undefined
}) {
  const needs = group.regions.flatMap(({ region, waiting, unfenced, members }) => [
    ...(waiting === null ? [] : [`${region}: ${waiting}`]),
    ...(unfenced === null ? [] : [`${region} is not fenced: ${unfenced}`]),
    ...(members === null || members === 0
      ? []
      : [`${region}: ${plural(members, 'group member')}, though it is not active`]),
  ])
  const ill = regions
    .filter(({ region, verdict }) => verdict !== 'up' && group.regions.some((one) => one.region === region))
    .map(({ region, verdict, verdictReason }) => `${region} is ${verdict}: ${verdictReason}`)
  const { automatic } = group
  const moves = automatic === undefined || automatic.mode === 'manual' ? [] : [`${automatic.mode}: ${automatic.reason}`]
  const asked = automatic?.command === undefined || automatic.command === null ? [] : [`To do it: ${automatic.command}`]
  const lines = [...ill, ...needs, ...moves, ...asked]
  if (lines.length === 0) return null
  return (
    <ul class="needs">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

function LastDrill({ group: { lastDrill } }: { readonly group: FailoverGroupSummary }) {
  if (lastDrill === null) return <p class="faint">No drill has ended yet: nothing shows that a move would work.</p>
  return (
    <p class="faint">
      Last drill: {lastDrill.level}, {lastDrill.outcome}, ended {moment(lastDrill.at)}
    </p>
  )
}
