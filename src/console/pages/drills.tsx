import { useMemo, useState } from 'preact/hooks'
import type { DrillBody, DrillsBody, StatusBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { useApi, useStatus } from '../client/hooks.ts'
import { Ask } from '../parts/ask.tsx'
import { Chart } from '../parts/chart.tsx'
import { Cli } from '../parts/cli.tsx'
import { Disclosure } from '../parts/disclosure.tsx'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { ReportButton } from '../parts/report-button.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { count, duration, moment } from '../words/numbers.ts'
import { DrillCalendar, OutcomeMark } from './drill-calendar.tsx'

const LEVELS: readonly (readonly [DrillBody['level'], string])[] = [
  ['preflight', 'Preflight: plan and guards only.'],
  ['canary', 'Canary: a group that only drills use is moved there and back.'],
  ['isolated', 'Isolated: the copies on a standby are read.'],
  ['full', 'Full: the group itself is moved there and back. Needs an approval.'],
  ['authority', 'Authority: a restore from a region, into memory.'],
]

/** Rehearsals of one group: what they came to, how the figures went, and a new one. */
export function Drills({ route }: { readonly route: Route }) {
  const status = useStatus()
  const groups = status.body?.failoverGroups ?? []
  const group = groups.find(({ group: name }) => name === route.query['group']) ?? groups[0]
  return (
    <>
      {status.body !== undefined && groups.length === 0 && (
        <p>No failover group is configured: there is nothing to rehearse.</p>
      )}
      {groups.length > 1 && (
        <label class="field">
          Failover group
          <select
            value={group?.group}
            onChange={(event) => location.replace(linkTo(['drills'], { group: event.currentTarget.value }))}
          >
            {groups.map(({ group: name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {group !== undefined && <OfGroup key={group.group} group={group} picked={route.query['drill']} />}
    </>
  )
}

type Group = StatusBody['failoverGroups'][number]

function OfGroup({ group, picked }: { readonly group: Group; readonly picked: string | undefined }) {
  const path = `/failover-groups/${encodeURIComponent(group.group)}/drills`
  const shown = useApi<DrillsBody>(path)
  const { body } = shown
  const all = body === undefined ? [] : [...(body.running === null ? [] : [body.running]), ...body.ended]
  const drill = all.find(({ id }) => id === picked) ?? body?.running ?? undefined
  return (
    <>
      {drill !== undefined && <OneDrill drill={drill} path={path} />}
      <Panel title={`Drills of ${group.group}`} shown={shown} command={commandOf('drill', 'list', group.group)}>
        <Table
          caption="Drills, the newest first"
          empty="None was run: nothing shows that a move would work."
          rows={all}
          keyOf={({ id }) => id}
          columns={[
            {
              title: 'When',
              cell: ({ id, at }) => <a href={linkTo(['drills'], { group: group.group, drill: id })}>{moment(at)}</a>,
            },
            { title: 'Level', cell: ({ level }) => level },
            { title: 'Standby', cell: ({ region }) => region },
            { title: 'Outcome', cell: (one) => <OutcomeMark drill={one} /> },
            { title: 'RTO', isNumber: true, cell: ({ measured }) => seconds(measured?.rtoMs) },
            { title: 'RPO', isNumber: true, cell: ({ measured }) => seconds(measured?.rpoMs) },
            {
              title: 'Asked for by',
              cell: ({ by, schedule }) => (schedule === null ? by : `the schedule ${schedule}`),
            },
          ]}
        />
      </Panel>
      <Trend drills={body?.ended ?? []} />
      <DrillCalendar group={group.group} shown={shown} />
      <OrderDrill group={group} path={path} />
    </>
  )
}

function seconds(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? 'not measured' : duration(ms / 1_000)
}

function OneDrill({ drill, path }: { readonly drill: DrillBody; readonly path: string }) {
  const { id, level, region, by, reason, at, endedAt, outcome, moves, measured, leftovers, phase } = drill
  return (
    <Panel title={`Drill ${level} at ${region}`} command={commandOf('drill', 'show', id)}>
      <p class="lead" role="status">
        <OutcomeMark drill={drill} />
      </p>
      <p>
        Asked for by {by} at {moment(at)}: {reason}.{' '}
        {endedAt === null ? `It is at ${phase}.` : `Ended ${moment(endedAt)}.`}
      </p>
      {outcome !== null && outcome.reasons.length > 0 && (
        <ul>
          {outcome.reasons.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {measured !== null && (
        <p>
          Lost {count(measured.rpoRecords)} records; RPO {seconds(measured.rpoMs)}, RTO {seconds(measured.rtoMs)}, the
          longest pause of writes {seconds(measured.writePauseMs)}.
        </p>
      )}
      {moves.map(({ operation, group, kind, from, to }) => (
        <p key={operation}>
          <a href={linkTo(['operations', group, operation])}>{`${kind} of ${group} from ${from} to ${to}`}</a>
        </p>
      ))}
      {leftovers.length > 0 && (
        <p>
          <Mark level="warning">Left behind</Mark> {leftovers.join('; ')}
        </p>
      )}
      {endedAt !== null && (
        <ReportButton
          path={`${path}/${encodeURIComponent(id)}/report`}
          name={id}
          command={commandOf('drill', 'report', id)}
        />
      )}
      {endedAt === null && (
        <Disclosure label="End it">
          <Ask
            label="End the drill"
            meaning="What it made is taken away."
            path={`${path}/${encodeURIComponent(id)}/abort`}
            needs="operator"
          />
          <Cli command={commandOf('drill', 'abort', id, '--reason', 'WHY')} />
        </Disclosure>
      )}
    </Panel>
  )
}

/** How RTO and RPO went from drill to drill. */
function Trend({ drills }: { readonly drills: readonly DrillBody[] }) {
  const measured = useMemo(
    () => drills.filter((one) => one.endedAt !== null && (one.measured?.rtoMs ?? null) !== null).toReversed(),
    [drills],
  )
  const atMs = useMemo(() => measured.map(({ endedAt }) => Date.parse(endedAt ?? '')), [measured])
  const series = useMemo(
    () => [
      { name: 'RTO', values: measured.map((one) => toSeconds(one.measured?.rtoMs)) },
      { name: 'RPO', values: measured.map((one) => toSeconds(one.measured?.rpoMs)) },
    ],
    [measured],
  )
  if (measured.length < 2) return null
  const last = measured.at(-1)?.measured
  return (
    <Panel title="How the figures went">
      <Chart
        label={`RTO and RPO by drill; the last had ${seconds(last?.rtoMs)} and ${seconds(last?.rpoMs)}`}
        atMs={atMs}
        series={series}
        format={duration}
      />
    </Panel>
  )
}

function toSeconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / 1_000
}

function OrderDrill({ group, path }: { readonly group: Group; readonly path: string }) {
  const [level, setLevel] = useState<DrillBody['level'] | ''>('')
  const [region, setRegion] = useState('')
  const standbys = group.regions.filter(({ role }) => role === 'standby')
  const body = { level, ...(region !== '' && { region }) }
  const isFull = level === 'full'
  return (
    <Panel title="Begin a drill">
      <DrillFields level={level} region={region} standbys={standbys} onLevel={setLevel} onRegion={setRegion} />
      <Ask
        label="Begin the drill"
        meaning={
          isFull
            ? 'It moves the group itself there and back, while applications write.'
            : 'It shows what a move would come to.'
        }
        path={path}
        needs="operator"
        body={body}
        headers={() => ({ 'idempotency-key': `console ${level} ${systemClock.nowMs()}` })}
        {...(isFull && { word: group.group })}
        obstacle={level === '' ? 'Choose what is rehearsed.' : undefined}
      />
      {isFull && (
        <Disclosure label="Approve one full drill">
          <Ask
            label="Approve"
            meaning="Lets one full drill begin within 24 hours."
            path={`${path}/approval`}
            needs="operator"
          />
          <Cli command={commandOf('drill', 'approve', group.group, '--reason', 'WHY')} />
        </Disclosure>
      )}
      <Cli
        command={commandOf(
          'drill',
          'run',
          group.group,
          '--level',
          level || 'preflight',
          ...(region === '' ? [] : ['--region', region]),
          '--wait',
        )}
      />
    </Panel>
  )
}

interface DrillFieldsProps {
  readonly level: DrillBody['level'] | ''
  readonly region: string
  readonly standbys: Group['regions']
  readonly onLevel: (level: DrillBody['level']) => void
  readonly onRegion: (region: string) => void
}

/** Nothing is chosen before a person does. */
function DrillFields({ level, region, standbys, onLevel, onRegion }: DrillFieldsProps) {
  return (
    <div class="form">
      <fieldset>
        <legend>What is rehearsed</legend>
        {LEVELS.map(([name, words]) => (
          <label key={name} class="choice">
            <input type="radio" name="level" checked={level === name} onChange={() => onLevel(name)} />
            {words}
          </label>
        ))}
      </fieldset>
      <label>
        At
        <select value={region} onChange={(event) => onRegion(event.currentTarget.value)}>
          <option value="">the standby that ranks best</option>
          {standbys.map(({ region: name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  )
}
