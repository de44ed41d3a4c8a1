import { useState } from 'preact/hooks'
import type { JournalBody, JournalEntryBody, OperationBody } from '../../api/contract/index.ts'
import { useApi } from '../client/hooks.ts'
import { stepsOf } from '../client/planned-steps.ts'
import { Ask } from '../parts/ask.tsx'
import { Cli } from '../parts/cli.tsx'
import { Disclosure } from '../parts/disclosure.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { ReportButton } from '../parts/report-button.tsx'
import { Table } from '../parts/table.tsx'
import type { Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { describeFence, describePause, describeState } from '../words/move-state.ts'
import { duration, moment } from '../words/numbers.ts'
import { buildTimeline, isCommitted, type TimelineStep } from '../words/timeline.ts'

const STATES: Readonly<Record<OperationBody['state'], Level>> = {
  running: 'note',
  'rolling-back': 'warning',
  'needs-operator': 'bad',
  done: 'good',
  'rolled-back': 'warning',
  superseded: 'warning',
}
const ENDED: readonly OperationBody['state'][] = ['done', 'rolled-back', 'superseded']

/** One move: how far it is, step by step, and what a person may do about it. */
export function Operation({ route }: { readonly route: Route }) {
  const [, group = '', id = ''] = route.path
  const path = `/failover-groups/${encodeURIComponent(group)}/operations/${encodeURIComponent(id)}`
  const shown = useApi<OperationBody>(path, 1_000)
  const query = new URLSearchParams({ operation: id, limit: '500' })
  const journal = useApi<JournalBody>(`/journal?${query}`, 2_000)
  const entries = journal.body?.entries ?? []
  const { body } = shown
  return (
    <>
      <Panel
        title={body === undefined ? id : `${body.kind} of ${group} from ${body.from} to ${body.to}`}
        shown={shown}
        command={commandOf('operation', 'show', id, '--wait')}
      >
        {body !== undefined && <State operation={body} />}
        {body !== undefined && (
          <ReportButton path={`${path}/report`} name={id} command={commandOf('operation', 'report', id)} />
        )}
      </Panel>
      {body !== undefined && <Timeline operation={body} entries={entries} />}
      {body !== undefined && <Interventions operation={body} path={path} isPastCommit={isCommitted(entries)} />}
      <Panel title="Log" shown={journal} staleSeconds={20} command={commandOf('history', '--operation', id)}>
        <Table
          caption="What was done, the newest first"
          empty="The journal has nothing of it yet."
          rows={entries.toReversed()}
          keyOf={({ number }) => String(number)}
          columns={[
            { title: 'When', isShort: true, cell: ({ at }) => moment(at) },
            { title: 'Who', isShort: true, cell: ({ actor }) => actor },
            { title: 'Kind', isShort: true, cell: ({ kind }) => kind },
            { title: 'What', cell: ({ facts }) => describeFacts(facts) },
          ]}
        />
      </Panel>
    </>
  )
}

function describeFacts(facts: JournalEntryBody['facts']): string {
  const { effect, outcome, phase, reason } = facts
  const told = [effect, phase, outcome, reason].filter((one) => typeof one === 'string' && one !== '')
  return told.length > 0 ? told.join(': ') : JSON.stringify(facts)
}

function State({ operation }: { readonly operation: OperationBody }) {
  const { state, by, reason, at, stop, abort, warnings } = operation
  const { word, rest } = describeState(operation)
  return (
    <>
      <p class="lead" role="status">
        <Mark level={STATES[state]}>{word}</Mark>
        {rest}
      </p>
      <p>
        Asked for by {by} at {moment(at)}: {reason}
      </p>
      <p>
        {describeFence(operation)} {describePause(operation)}
      </p>
      {abort !== null && (
        <p>
          <Mark level="warning">{`${abort.by} has asked to abort it: ${abort.reason}`}</Mark>
        </p>
      )}
      {stop !== null && (
        <div class="problem" role="alert">
          <strong>
            {stop.at}: {stop.reason}
          </strong>
          <p>{stop.instructions}</p>
        </div>
      )}
      {warnings.length > 0 && (
        <ul>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </>
  )
}

const STEP_LEVELS = { past: 'good', present: 'note', 'to-come': 'unknown' } as const
const STEP_WORDS = { past: 'done', present: 'now', 'to-come': 'to come' } as const

function Timeline({
  operation,
  entries,
}: {
  readonly operation: OperationBody
  readonly entries: readonly JournalEntryBody[]
}) {
  const { id, phase, state } = operation
  const steps = buildTimeline(entries, { phase, isOver: ENDED.includes(state), planned: stepsOf(id) })
  return (
    <Panel title="Steps">
      <ol class="timeline">
        {steps.map((step, index) => (
          <Step key={`${index}:${step.phase}`} step={step} />
        ))}
      </ol>
    </Panel>
  )
}

function Step({ step: { phase, state, at, tookSeconds, words } }: { readonly step: TimelineStep }) {
  return (
    <li
      class={isUndone(phase) ? 'step-undone' : `step-${state}`}
      aria-current={state === 'present' ? 'step' : undefined}
    >
      <Mark level={isUndone(phase) ? 'warning' : STEP_LEVELS[state]}>{phase}</Mark>{' '}
      <span class="for-readers">{STEP_WORDS[state]}</span>
      {at !== null && <span class="faint">{moment(at)}</span>}
      {tookSeconds !== null && <span> took {duration(tookSeconds)}</span>}
      {words !== '' && <div class="faint">{words}</div>}
    </li>
  )
}

function isUndone(phase: string): boolean {
  return phase === 'rolling-back' || phase === 'rolled-back'
}

interface InterventionsProps {
  readonly operation: OperationBody
  readonly path: string
  readonly isPastCommit: boolean
}

/** Abort until the commit; resume and acknowledge where it needs a person. */
function Interventions({ operation, path, isPastCommit }: InterventionsProps) {
  const { state, id, abort } = operation
  if (ENDED.includes(state) || state === 'rolling-back') return null
  const isStuck = state === 'needs-operator'
  return (
    <Panel title="What you may do">
      {isPastCommit ? (
        <p>It is past its commit: it cannot be aborted any more, only gone on with.</p>
      ) : (
        <Disclosure label="Abort it">
          <Ask
            label="Abort the move"
            meaning="Everything is put back as it was, fences included."
            path={`${path}/abort`}
            needs="operator"
            obstacle={abort === null ? undefined : 'Somebody has asked for that already.'}
          />
          <Cli command={commandOf('operation', 'abort', id, '--reason', 'WHY')} />
        </Disclosure>
      )}
      {isStuck && <Unstick path={path} id={id} />}
    </Panel>
  )
}

function Unstick({ path, id }: { readonly path: string; readonly id: string }) {
  const [attestation, setAttestation] = useState('')
  const vouched = attestation.trim() === '' ? {} : { attestation: attestation.trim() }
  return (
    <>
      <Disclosure label="Resume it">
        <div class="form">
          <label>
            Only where a fence cannot be proved: why nobody can write to the region that is left
            <input value={attestation} onInput={(event) => setAttestation(event.currentTarget.value)} />
          </label>
        </div>
        <Ask
          label="Try the step again"
          meaning="For when what stopped it was put right."
          path={`${path}/resume`}
          needs="operator"
          asksWhy={false}
          shape={({ by }) => ({ by, ...vouched })}
        />
        <Cli command={commandOf('operation', 'resume', id)} />
      </Disclosure>
      <Disclosure label="Go on without the step">
        <Ask
          label="Acknowledge and go on"
          meaning="The move goes on without the step that it stands at; only steps behind the commit can be left out."
          path={`${path}/acknowledge`}
          needs="operator"
        />
        <Cli command={commandOf('operation', 'acknowledge', id, '--reason', 'WHY')} />
      </Disclosure>
    </>
  )
}
