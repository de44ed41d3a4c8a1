import { useMemo, useState } from 'preact/hooks'
import type { OperationBody, PlanBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { rememberSteps } from '../client/planned-steps.ts'
import { Ask } from '../parts/ask.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { count, duration, plural } from '../words/numbers.ts'

type Guard = PlanBody['guards'][number]

interface PlanPanelProps {
  readonly plan: PlanBody
  readonly acceptLoss: boolean
  readonly overrides: Readonly<Record<string, string>>
  readonly onOverrides: (overrides: Readonly<Record<string, string>>) => void
  readonly onAgain: () => Promise<unknown>
}

/** A plan: what it would do and cost, what the guards saw, and the order to carry out this plan and no other. */
export function PlanPanel({ plan, acceptLoss, overrides, onOverrides, onAgain }: PlanPanelProps) {
  const { group, kind, from, to, blocking, notes, steps } = plan
  return (
    <>
      <Panel title={`Plan: ${kind} of ${group} from ${from} to ${to}`} takesFocus>
        <p class="lead">
          {blocking.length === 0 ? (
            <Mark level="good">Nothing stops it</Mark>
          ) : (
            <Mark level="bad">{`Stopped by ${blocking.join(', ')}`}</Mark>
          )}
        </p>
        <Cost plan={plan} />
        {notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
        <details>
          <summary>{plural(steps.length, 'step')}, in this order</summary>
          <ol>
            {steps.map(({ phase, does }) => (
              <li key={phase}>
                <strong>{phase}</strong>: {does}
              </li>
            ))}
          </ol>
        </details>
      </Panel>
      <Guards guards={plan.guards} overrides={overrides} onOverrides={onOverrides} onAgain={onAgain} />
      <OrderPanel plan={plan} acceptLoss={acceptLoss} />
    </>
  )
}

function Cost({ plan: { kind, predicted } }: Pick<PlanPanelProps, 'plan'>) {
  const { lossRecords, isEstimate, partitions, writePauseSeconds } = predicted
  const pause =
    writePauseSeconds === null ? 'not known, nothing was measured yet' : `about ${duration(writePauseSeconds)}`
  const loss =
    kind === 'failover'
      ? `It would lose ${plural(lossRecords, 'record')}${isEstimate ? ', estimated: the source could not be asked' : ''}.`
      : 'It loses nothing, or is rolled back.'
  return (
    <>
      <p>
        {kind === 'failover' && lossRecords > 0 ? <Mark level="bad">{loss}</Mark> : loss} Nobody can write for: {pause}.
      </p>
      {partitions.length > 0 && (
        <Table
          caption="What would be lost, by partition"
          empty=""
          rows={partitions.slice(0, 100)}
          keyOf={({ partition }) => partition}
          columns={[
            { title: 'Partition', cell: ({ partition }) => partition },
            { title: 'Known to be missing', isNumber: true, cell: ({ records }) => count(records) },
            { title: 'Source last seen', cell: ({ seenSecondsAgo }) => `${duration(seenSecondsAgo)} before the plan` },
            {
              title: 'Written a second',
              isNumber: true,
              cell: ({ recordsPerSecond }) => count(Math.round(recordsPerSecond)),
            },
            {
              title: 'So written since, about',
              isNumber: true,
              cell: ({ recordsPerSecond, seenSecondsAgo }) => count(Math.round(recordsPerSecond * seenSecondsAgo)),
            },
          ]}
        />
      )}
    </>
  )
}

const STATUSES: Readonly<Record<Guard['status'], Level>> = {
  passed: 'good',
  failed: 'bad',
  warning: 'warning',
  unknown: 'unknown',
}
const WORST_FIRST: readonly Guard['status'][] = ['failed', 'unknown', 'warning', 'passed']

function Guards({
  guards,
  overrides,
  onOverrides,
  onAgain,
}: { readonly guards: readonly Guard[] } & Pick<PlanPanelProps, 'overrides' | 'onOverrides' | 'onAgain'>) {
  const sorted = useMemo(
    () => guards.toSorted((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status)),
    [guards],
  )
  const isOverridable = ({ isBlocking, override, isOverridable: may }: Guard) =>
    may && (isBlocking || override !== null)
  return (
    <Panel title="Guards and what they saw">
      <Table
        caption="Guards and their evidence, the worst first"
        empty="There are no guards."
        rows={sorted}
        keyOf={({ name }) => name}
        columns={[
          { title: 'Guard', cell: ({ name }) => <strong>{name}</strong> },
          {
            title: 'Status',
            cell: ({ status, isBlocking, override }) => (
              <Mark level={STATUSES[status]}>
                {status}
                {isBlocking ? ', stops it' : ''}
                {override === null ? '' : ', overridden'}
              </Mark>
            ),
          },
          { title: 'Evidence', cell: ({ evidence }) => evidence },
          { title: 'Remedy', cell: ({ status, remedy }) => (status === 'passed' ? 'none needed' : remedy) },
          {
            title: 'Go on without it',
            cell: (guard) =>
              isOverridable(guard) ? (
                <input
                  aria-label={`Why to go on without ${guard.name}`}
                  placeholder="why"
                  value={overrides[guard.name] ?? ''}
                  onInput={(event) => onOverrides({ ...overrides, [guard.name]: event.currentTarget.value })}
                />
              ) : (
                'no'
              ),
          },
        ]}
      />
      {guards.some(isOverridable) && (
        <p>
          <button type="button" class="quiet" onClick={() => void onAgain()}>
            Plan again with these reasons
          </button>
        </p>
      )}
    </Panel>
  )
}

function OrderPanel({ plan, acceptLoss }: Pick<PlanPanelProps, 'plan' | 'acceptLoss'>) {
  const [attestation, setAttestation] = useState('')
  const { group, kind, to, hash: planHash, epoch, blocking, guards, steps } = plan
  const overrides = guards.flatMap(({ name, override }) =>
    override === null ? [] : [{ guard: name, reason: override }],
  )
  // One key for this plan as it is shown: pressed twice, it is one move.
  const key = useMemo(() => `console ${planHash} ${systemClock.nowMs()}`, [planHash])
  const vouched = attestation.trim() === '' ? {} : { attestation: attestation.trim() }
  return (
    <Panel
      title="Carry it out"
      command={commandOf(
        kind,
        group,
        '--to',
        to,
        ...(acceptLoss ? ['--accept-loss'] : []),
        ...overrides.flatMap(({ guard, reason }) => ['--override', `${guard}=${reason}`]),
        '--reason',
        'WHY',
        '--wait',
      )}
    >
      {kind === 'failover' && (
        <div class="form">
          <label>
            Why nobody can write to the region that is left, where no fence can prove it (optional)
            <input value={attestation} onInput={(event) => setAttestation(event.currentTarget.value)} />
          </label>
        </div>
      )}
      <Ask
        label={`${kind} to ${to}`}
        meaning="It does what is shown above, or nothing: where a guard has found something else out since, it is refused."
        path={`/failover-groups/${encodeURIComponent(group)}/operations`}
        needs="operator"
        word={group}
        body={{ kind, to, acceptLoss, overrides, planHash, epoch, ...vouched }}
        headers={() => ({ 'idempotency-key': key })}
        obstacle={blocking.length > 0 ? `It is stopped by ${blocking.join(', ')}.` : undefined}
        onDone={(answer) => {
          const { id } = answer as OperationBody
          rememberSteps(id, steps)
          location.hash = linkTo(['operations', group, id])
        }}
      />
    </Panel>
  )
}
