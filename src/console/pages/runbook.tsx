import { useState } from 'preact/hooks'
import type { RunbookBody, RunbookCheckBody } from '../../api/contract/index.ts'
import { useApi } from '../client/hooks.ts'
import { type Looking, useLook } from '../client/looks.ts'
import { Cli } from '../parts/cli.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { duration, plural } from '../words/numbers.ts'

type Values = Readonly<Record<string, string>>
type Param = RunbookBody['params'][number]
type BlockRecord = RunbookCheckBody['blocks'][number]

const EVERY_MS = 60_000
const STALE_SECONDS = 150
/** What checks have found may be otherwise a minute later. */
const CHECK_STALE_SECONDS = 60
const STATES: Readonly<Record<BlockRecord['state'], Level>> = { green: 'good', red: 'bad', skipped: 'unknown' }

interface RunbookProps {
  readonly id: string
  /** Parameters that the link has. */
  readonly given: Values
}

/** One runbook: its checks carried out from here, its blocks, and the text as it was written. */
export function Runbook({ id, given }: RunbookProps) {
  const shown = useApi<RunbookBody>(`/runbooks/${encodeURIComponent(id)}`, EVERY_MS)
  const { body } = shown
  return (
    <>
      <p>
        <a href={linkTo(['runbooks'])}>All runbooks</a>
      </p>
      <Panel title={body?.title ?? id} shown={shown} staleSeconds={STALE_SECONDS}>
        {body !== undefined && (
          <p>
            {body.when} Kept by {body.owner}. Acting needs the role {body.role}
            {body.alerts.length > 0 && `; alerts that lead here: ${body.alerts.join(', ')}`}.
          </p>
        )}
      </Panel>
      {body !== undefined && <Checks runbook={body} given={given} />}
      {body !== undefined && <Blocks runbook={body} given={given} />}
      {body?.text !== undefined && (
        <Panel title="The text">
          <pre class="runbook-text">{body.text}</pre>
        </Panel>
      )}
    </>
  )
}

function Checks({ runbook, given }: { readonly runbook: RunbookBody; readonly given: Values }) {
  const [values, setValues] = useState<Values>(given)
  const checks = useLook<RunbookCheckBody>()
  const missing = runbook.params.filter((param) => param.default === null && !isGiven(values[param.name]))
  const pairs = runbook.params.flatMap(({ name }) => (isGiven(values[name]) ? [`${name}=${values[name]}`] : []))
  const query = new URLSearchParams(pairs.map((pair) => ['param', pair]))
  const path = `/runbooks/${encodeURIComponent(runbook.id)}/check?${query}`
  return (
    <Panel
      title="Checks"
      {...(checks.shown.body !== undefined && { shown: checks.shown })}
      staleSeconds={CHECK_STALE_SECONDS}
      command={commandOf('runbook', 'check', runbook.id, ...argumentsOf(runbook, values))}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          void checks.look(path)
        }}
      >
        <p>They look, with your role, and change nothing.</p>
        {runbook.params.map((param) => (
          <ParamField
            key={param.name}
            param={param}
            value={values[param.name] ?? ''}
            onChange={(value) => setValues({ ...values, [param.name]: value })}
          />
        ))}
        <button type="submit" disabled={missing.length > 0 || checks.isLooking}>
          {checks.isLooking ? 'The checks are looking' : 'Run the checks'}
        </button>
        <p class="faint" role="status">
          {missing.length > 0 ? `First say: ${missing.map(({ name }) => name).join(', ')}.` : verdictOf(checks)}
        </p>
      </form>
      <Found checks={checks} />
    </Panel>
  )
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== ''
}

function verdictOf({ shown: { body }, isLooking }: Looking<RunbookCheckBody>): string {
  if (isLooking || body === undefined) return ''
  const red = body.blocks.filter(({ state }) => state !== 'green').length
  if (body.blocks.length === 0) return 'This runbook has no check.'
  return red === 0 ? 'Every check is green.' : `${plural(red, 'check')} of ${body.blocks.length} not green.`
}

interface ParamFieldProps {
  readonly param: Param
  readonly value: string
  readonly onChange: (value: string) => void
}

function ParamField({ param: { name, type, describe, values, ...param }, value, onChange }: ParamFieldProps) {
  const hint = param.default === null ? '' : `; otherwise ${param.default}`
  return (
    <label>
      <span>
        <strong>{name}</strong>: {describe}
        {hint}
      </span>
      {type === 'choice' ? (
        <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{param.default === null ? 'choose one' : `as usual: ${param.default}`}</option>
          {values.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      ) : (
        <input
          inputMode={type === 'number' ? 'decimal' : 'text'}
          autocomplete="off"
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </label>
  )
}

function Found({ checks }: { readonly checks: Looking<RunbookCheckBody> }) {
  const { body, problem } = checks.shown
  return (
    <>
      {body === undefined && problem !== undefined && (
        <div class="problem" role="alert">
          <strong>{problem.title}</strong>: {problem.remedy}
        </div>
      )}
      {body?.blocks.map((record) => (
        <details key={record.block} open={record.state === 'red'}>
          <summary>
            <Mark level={STATES[record.state]}>{record.state}</Mark> {record.block}
            {record.reason === '' ? '' : `: ${record.reason}`}
          </summary>
          {record.commands.map(({ command, stdout, stderr, exitCode, tookMs, atMs }) => (
            <div key={`${command} ${atMs}`}>
              <Cli command={command} />
              <p class="faint">
                Exit code {exitCode}, took {duration(tookMs / 1_000)}.
              </p>
              <pre class="output" tabIndex={0} aria-label={`What ${command} said`}>
                {`${stdout}${stderr}` || 'It said nothing.'}
              </pre>
            </div>
          ))}
          <ul>
            {record.findings.map(({ expected, holds, found }) => (
              <li key={expected}>
                <Mark level={holds ? 'good' : 'bad'}>{holds ? 'holds' : 'does not hold'}</Mark> <code>{expected}</code>
                {holds ? '' : `, found ${found}`}
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  )
}

/** What the command needs, in capitals where nothing was said yet. */
function argumentsOf({ params }: RunbookBody, values: Values): string[] {
  return params.flatMap(({ name, default: usual }) => {
    const value = values[name]
    if (!isGiven(value) && usual !== null) return []
    return ['--param', `${name}=${isGiven(value) ? value : name.toUpperCase()}`]
  })
}

function Blocks({ runbook, given }: { readonly runbook: RunbookBody; readonly given: Values }) {
  return (
    <Panel title="Its blocks" command={commandOf('runbook', 'run', runbook.id, ...argumentsOf(runbook, given))}>
      <Table
        caption="Blocks, in the order of the text"
        empty="It has none."
        rows={runbook.blocks}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Section', cell: ({ section }) => section },
          { title: 'Block', cell: ({ id }) => <strong>{id}</strong> },
          { title: 'Kind', cell: ({ kind, isOptional }) => (isOptional ? `${kind}, only where named` : kind) },
          { title: 'What', cell: ({ text }) => <code class="block-text">{text}</code> },
        ]}
      />
    </Panel>
  )
}
