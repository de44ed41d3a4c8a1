import { useState } from 'preact/hooks'
import type { EventBody, JournalBody, JournalEntryBody, StatusBody } from '../../api/contract/index.ts'
import { useApi, useLive, useStatus } from '../client/hooks.ts'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { moment } from '../words/numbers.ts'

const ENTRIES = 50
const EVENTS_SHOWN = 25
const SEVERITIES = { info: 'note', warning: 'warning', error: 'bad' } as const

/** What happens, as it happens, and what was done, decided and asked for. */
export function History({ route }: { readonly route: Route }) {
  const status = useStatus()
  const { group, after } = route.query
  return (
    <>
      <LiveEvents />
      <Journal groups={status.body?.failoverGroups ?? []} group={group} after={after} />
    </>
  )
}

function LiveEvents() {
  const { recent } = useLive()
  const [shown, show] = useState(EVENTS_SHOWN)
  return (
    <Panel title="As it happens" command={commandOf('events', '--follow')}>
      <Table
        caption="Events, the newest first"
        empty="Nothing has happened since this process started."
        rows={recent.slice(0, shown)}
        keyOf={({ uid }) => uid}
        columns={[
          { title: 'When', isShort: true, cell: ({ at }) => moment(at) },
          { title: 'Weight', cell: ({ severity }) => <Mark level={SEVERITIES[severity]}>{severity}</Mark> },
          { title: 'What', cell: describeEvent },
          { title: 'Kind', isShort: true, cell: ({ kind }) => <code>{kind}</code> },
        ]}
      />
      {recent.length > shown && (
        <button type="button" class="quiet" onClick={() => show(shown + EVENTS_SHOWN)}>
          Show older events
        </button>
      )}
    </Panel>
  )
}

function describeEvent({ sentence }: EventBody): string {
  return sentence
}

interface JournalProps {
  readonly groups: StatusBody['failoverGroups']
  readonly group: string | undefined
  readonly after: string | undefined
}

function Journal({ groups, group, after }: JournalProps) {
  const query = new URLSearchParams({
    order: 'descending',
    limit: String(ENTRIES),
    ...(group !== undefined && { group }),
    ...(after !== undefined && { after }),
  })
  const shown = useApi<JournalBody>(`/journal?${query}`, 5_000)
  const next = shown.body?.next
  return (
    <Panel
      title="Journal"
      shown={shown}
      staleSeconds={20}
      command={commandOf('history', ...(group === undefined ? [] : ['--group', group]))}
    >
      <p>
        Every entry carries the hash of the one before it. <code>isthmus history --verify</code> checks the whole chain.
      </p>
      <label class="field">
        Only the failover group
        <select
          value={group ?? ''}
          onChange={(event) => location.replace(linkTo(['history'], { group: event.currentTarget.value }))}
        >
          <option value="">all</option>
          {groups.map(({ group: name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Table
        caption="The journal, the newest first"
        empty="Nothing is on record."
        rows={shown.body?.entries ?? []}
        keyOf={({ number }) => String(number)}
        columns={[
          { title: 'Number', isNumber: true, cell: ({ number }) => number },
          { title: 'When', cell: ({ at }) => moment(at) },
          { title: 'Who', cell: ({ actor }) => actor },
          { title: 'What', cell: ({ kind }) => <strong>{kind}</strong> },
          { title: 'Group', cell: ({ group: name }) => name ?? 'none' },
          { title: 'Facts', cell: (entry) => <Facts entry={entry} /> },
        ]}
      />
      {next !== null && next !== undefined && (
        <p>
          <a href={linkTo(['history'], { group, after: String(next) })}>Older entries</a>
        </p>
      )}
      {after !== undefined && (
        <p>
          <a href={linkTo(['history'], { group })}>The newest entries</a>
        </p>
      )}
    </Panel>
  )
}

const FACT_MAX = 80

/** A line, and everything behind it. */
function Facts({ entry: { facts, hash, operation } }: { readonly entry: JournalEntryBody }) {
  const told = Object.entries(facts).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const line = told.join(', ')
  const shown = line.length > FACT_MAX ? `${line.slice(0, FACT_MAX)}…` : line
  return (
    <details>
      <summary>{shown === '' ? 'no facts' : shown}</summary>
      <pre>{JSON.stringify(facts, null, 2)}</pre>
      {operation !== null && <p>Operation {operation}</p>}
      <p class="faint">
        Hash <code>{hash}</code>
      </p>
    </details>
  )
}
