import { useId, useState } from 'preact/hooks'
import type { RunbookBody, RunbookCheckBody, StatusBody } from '../../api/contract/index.ts'
import { useApi, useStatus } from '../client/hooks.ts'
import { type Looking, useLook } from '../client/looks.ts'
import { useWalk } from '../client/walk.ts'
import { BlockRecord, RECORD_LEVELS } from '../parts/block-record.tsx'
import { Form } from '../parts/form.tsx'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { linkTo } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { plural } from '../words/numbers.ts'
import { RunbookText } from './runbook-text.tsx'
import { WalkPanel } from './runbook-walk.tsx'

type Values = Readonly<Record<string, string>>
type Param = RunbookBody['params'][number]

const EVERY_MS = 60_000
const STALE_SECONDS = 150
/** What checks have found may be otherwise a minute later. */
const CHECK_STALE_SECONDS = 60
const NOTHING_SHOWN = { body: undefined, heardMs: undefined, problem: undefined }

interface RunbookProps {
  readonly id: string
  /** Parameters that the link has. */
  readonly given: Values
  /** The walk that it shows. */
  readonly runId: string | undefined
}

/** One runbook: its checks carried out from here, and its text, with every command as it would be typed now. */
export function Runbook({ id, given, runId }: RunbookProps) {
  const shown = useApi<RunbookBody>(`/runbooks/${encodeURIComponent(id)}`, EVERY_MS)
  const [values, setValues] = useState<Values>(given)
  const [asked, setAsked] = useState<Values>()
  const looking = useLook<RunbookCheckBody>()
  // What was found with other values says nothing about these.
  const checks = asked === values ? looking : { ...looking, shown: NOTHING_SHOWN }
  const { body } = shown
  const walk = useWalk({
    runbook: body,
    params: Object.fromEntries(Object.entries(values).filter(([name, value]) => isParam(body, name) && isGiven(value))),
    runId,
    missing: missingOf(body, values),
    onBegin: (begun) => (location.hash = linkTo(['runbooks', id], { ...values, run: begun })),
  })
  const change = (next: Values) => {
    setValues(next)
    // A walk keeps the values that it began with.
    if (runId !== undefined) location.hash = linkTo(['runbooks', id], next)
  }
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
      {body !== undefined && (
        <Checks runbook={body} values={values} onChange={change} checks={checks} onLook={() => setAsked(values)} />
      )}
      {body !== undefined && (
        <WalkPanel
          walk={walk}
          id={id}
          values={values}
          command={commandOf('runbook', 'run', id, ...argumentsOf(body, values))}
        />
      )}
      {body !== undefined && (
        <RunbookText runbook={body} values={values} found={checks.shown.body?.blocks ?? []} walk={walk} />
      )}
    </>
  )
}

interface ChecksProps {
  readonly runbook: RunbookBody
  readonly values: Values
  readonly onChange: (values: Values) => void
  readonly checks: Looking<RunbookCheckBody>
  readonly onLook: () => void
}

function Checks({ runbook, values, onChange, checks, onLook }: ChecksProps) {
  const { body: status } = useStatus()
  const missing = missingOf(runbook, values)
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
      <Form
        label="Run the checks"
        waitingLabel="The checks are looking"
        isWaiting={checks.isLooking}
        obstacle={missing.length > 0 ? `First say: ${missing.join(', ')}.` : undefined}
        told={verdictOf(checks)}
        onSubmit={() => {
          onLook()
          return checks.look(path)
        }}
      >
        <p>They look, with your role, and change nothing.</p>
        {runbook.params.map((param) => (
          <ParamField
            key={param.name}
            param={param}
            known={knownValues(param.name, status)}
            value={values[param.name] ?? ''}
            onChange={(value) => onChange({ ...values, [param.name]: value })}
          />
        ))}
      </Form>
      <Found checks={checks} />
    </Panel>
  )
}

function isParam(runbook: RunbookBody | undefined, name: string): boolean {
  return runbook?.params.some((param) => param.name === name) === true
}

/** Names of what has to be said first. */
function missingOf(runbook: RunbookBody | undefined, values: Values): string[] {
  const needed = runbook?.params.filter((param) => param.default === null && !isGiven(values[param.name])) ?? []
  return needed.map(({ name }) => name)
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== ''
}

function verdictOf({ shown: { body } }: Looking<RunbookCheckBody>): string {
  if (body === undefined) return ''
  const red = body.blocks.filter(({ state }) => state !== 'green').length
  if (body.blocks.length === 0) return 'This runbook has no check.'
  return red === 0 ? 'Every check is green.' : `${plural(red, 'check')} of ${body.blocks.length} not green.`
}

/** What a person can choose from, by the name that runbooks have for it. */
function knownValues(name: string, status: StatusBody | undefined): readonly string[] {
  if (status === undefined) return []
  if (name === 'group') return status.failoverGroups.map(({ group }) => group)
  if (name === 'link') return status.links.map(({ link }) => link)
  return name === 'to' || name === 'region' ? status.regions.map(({ region }) => region) : []
}

interface ParamFieldProps {
  readonly param: Param
  /** Offered, and not chosen. */
  readonly known: readonly string[]
  readonly value: string
  readonly onChange: (value: string) => void
}

function ParamField({ param: { name, type, describe, values, ...param }, known, value, onChange }: ParamFieldProps) {
  const list = useId()
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
        <>
          <input
            inputMode={type === 'number' ? 'decimal' : 'text'}
            autocomplete="off"
            list={list}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          <datalist id={list}>
            {known.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </>
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
            <Mark level={RECORD_LEVELS[record.state]}>{record.state}</Mark> {record.block}
            {record.reason === '' ? '' : `: ${record.reason}`}
          </summary>
          <BlockRecord record={record} />
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
