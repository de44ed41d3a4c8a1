import type { RunbookBody, RunbooksBody, RunbookRunBody } from '../../api/contract/index.ts'
import { useApi } from '../client/hooks.ts'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { moment } from '../words/numbers.ts'
import { Runbook } from './runbook.tsx'
import { RUN_LEVELS } from './runbook-walk.tsx'

/** They change with the program only. */
const SHELF_EVERY_MS = 60_000
const SHELF_STALE_SECONDS = 150
const SEVERITIES: Readonly<Record<RunbookBody['severity'], Level>> = {
  critical: 'bad',
  warning: 'warning',
  planned: 'note',
}

/** Every runbook, or one of them with its checks. */
export function Runbooks({ route }: { readonly route: Route }) {
  const [, id] = route.path
  const { run, ...given } = route.query
  return id === undefined ? <Shelf /> : <Runbook key={id} id={id} given={given} runId={run} />
}

function Shelf() {
  const shown = useApi<RunbooksBody>('/runbooks', SHELF_EVERY_MS)
  return (
    <>
      <Panel
        title="What to do, by situation"
        shown={shown}
        staleSeconds={SHELF_STALE_SECONDS}
        command={commandOf('runbook', 'list')}
      >
        <Table
          caption="Runbooks"
          empty="There are none."
          rows={shown.body?.runbooks ?? []}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Runbook', cell: ({ id, title }) => <a href={linkTo(['runbooks', id])}>{title}</a> },
            { title: 'When', cell: ({ when }) => when },
            { title: 'Severity', cell: ({ severity }) => <Mark level={SEVERITIES[severity]}>{severity}</Mark> },
            { title: 'Acting needs', cell: ({ role }) => role },
            { title: 'Alerts', cell: ({ alerts }) => alerts.join(', ') || 'none' },
          ]}
        />
      </Panel>
      <Runs />
    </>
  )
}

function Runs() {
  const shown = useApi<{ readonly runs: readonly RunbookRunBody[] }>('/runbook-runs')
  return (
    <Panel title="Runs since this process started" shown={shown}>
      <Table
        caption="Runs of runbooks, the newest first"
        empty="Nobody has run one through this process. What the command line runs is recorded where it runs."
        rows={shown.body?.runs ?? []}
        keyOf={({ id }) => id}
        columns={[
          { title: 'When', cell: ({ startedAtMs }) => moment(startedAtMs) },
          { title: 'Runbook', cell: (run) => <RunLink run={run} /> },
          { title: 'By', cell: ({ by }) => by },
          { title: 'State', cell: ({ state }) => <Mark level={RUN_LEVELS[state]}>{state}</Mark> },
          { title: 'Blocks', cell: ({ blocks, wanted }) => `${blocks.length} of ${wanted.length}` },
        ]}
      />
    </Panel>
  )
}

function RunLink({ run: { id, runbook, params } }: { readonly run: RunbookRunBody }) {
  return <a href={linkTo(['runbooks', runbook], { ...params, run: id })}>{runbook}</a>
}
