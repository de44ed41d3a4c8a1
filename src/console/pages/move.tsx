import { useState } from 'preact/hooks'
import type { FailoverGroupsBody, OperationBody, PlanBody, PlanRequest } from '../../api/contract/index.ts'
import { focusHeading } from '../client/focus.ts'
import { useApi } from '../client/hooks.ts'
import { type Sending, useCaller, useOrder } from '../client/orders.ts'
import { Form } from '../parts/form.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { moment } from '../words/numbers.ts'
import { PlanPanel } from './plan.tsx'

type Kind = PlanRequest['kind']

const KINDS: readonly (readonly [Kind, string])[] = [
  ['switchover', 'Switchover: the source is healthy, nothing is lost.'],
  ['failback', 'Failback: a switchover home.'],
  ['failover', 'Failover: the active region is lost. What was not copied is lost with it.'],
]
const STATES: Readonly<Record<OperationBody['state'], Level>> = {
  running: 'note',
  'rolling-back': 'warning',
  'needs-operator': 'bad',
  done: 'good',
  'rolled-back': 'warning',
  superseded: 'warning',
}

/** Moves that run, and a new one: planned first, then ordered as it was planned. */
export function Move({ route }: { readonly route: Route }) {
  const shown = useApi<FailoverGroupsBody>('/failover-groups')
  const groups = shown.body?.groups ?? []
  const running = groups.flatMap(({ operation }) => (operation === null ? [] : [operation]))
  return (
    <>
      <Panel title="Moves under way" shown={shown}>
        <Table
          caption="Groups that are moving"
          empty="No group is moving."
          rows={running}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Group', cell: ({ group }) => group },
            { title: 'Move', cell: (one) => <OperationLink operation={one} /> },
            { title: 'State', cell: ({ state }) => <Mark level={STATES[state]}>{state}</Mark> },
            { title: 'Step', cell: ({ phase }) => phase },
            { title: 'Asked for by', cell: ({ by }) => by },
          ]}
        />
      </Panel>
      <Planner groups={groups} wanted={route.query['group']} />
      <Reigns groups={groups} />
    </>
  )
}

function OperationLink({ operation: { group, id, kind, from, to } }: { readonly operation: OperationBody }) {
  return <a href={linkTo(['operations', group, id])}>{`${kind} from ${from} to ${to}`}</a>
}

interface PlannerProps {
  readonly groups: FailoverGroupsBody['groups']
  readonly wanted: string | undefined
}

/** Nothing is chosen before a person does. */
function Planner({ groups, wanted = '' }: PlannerProps) {
  const [group, setGroup] = useState(wanted)
  const [wish, setWish] = useState(NO_WISH)
  const [overrides, setOverrides] = useState<Readonly<Record<string, string>>>({})
  const { refusal } = useCaller('operator')
  const plan = useOrder<PlanBody>()
  const found = groups.find((one) => one.group === group)
  const regions = found?.regions.filter(({ region }) => region !== found.active) ?? []
  const change = (next: Partial<Wish>) => {
    setWish({ ...wish, ...next })
    plan.forget()
  }
  const make = () => {
    const given = Object.entries(overrides).filter(([, reason]) => reason.trim() !== '')
    const body = { ...wish, overrides: given.map(([guard, reason]) => ({ guard, reason })) }
    return plan.send({ path: `/failover-groups/${encodeURIComponent(group)}/plans`, body })
  }
  // The plan that had the focus is gone by then.
  const again = async () => (await make()) ?? focusHeading()
  return (
    <>
      <Panel
        title="Plan a move"
        command={commandOf('plan', group || 'GROUP', '--kind', wish.kind || 'switchover', '--to', wish.to || 'REGION')}
      >
        <Form
          label="Plan it; this changes nothing"
          waitingLabel="The guards are looking"
          isWaiting={plan.isSending}
          obstacle={refusal}
          told={plan.answer === undefined ? '' : 'The plan stands below.'}
          onSubmit={make}
        >
          <label>
            Failover group
            <select value={group} required onChange={(event) => (setGroup(event.currentTarget.value), change(NO_WISH))}>
              <option value="">choose one</option>
              {groups.map(({ group: name, active }) => (
                <option key={name} value={name}>{`${name}, active in ${active}`}</option>
              ))}
            </select>
          </label>
          <WishFields wish={wish} regions={regions} onChange={change} />
        </Form>
        <ProblemNote problem={plan.problem} />
      </Panel>
      <Planned plan={plan} wish={wish} overrides={overrides} onOverrides={setOverrides} onAgain={again} />
    </>
  )
}

interface WishFieldsProps {
  readonly wish: Wish
  readonly regions: FailoverGroupsBody['groups'][number]['regions']
  readonly onChange: (next: Partial<Wish>) => void
}

function WishFields({ wish, regions, onChange }: WishFieldsProps) {
  return (
    <>
      <fieldset>
        <legend>Which move</legend>
        {KINDS.map(([kind, words]) => (
          <label key={kind} class="choice">
            <input
              type="radio"
              name="kind"
              required
              checked={wish.kind === kind}
              onChange={() => onChange({ kind, acceptLoss: false })}
            />
            {words}
          </label>
        ))}
      </fieldset>
      <label>
        To
        <select value={wish.to} required onChange={(event) => onChange({ to: event.currentTarget.value })}>
          <option value="">choose a region</option>
          {regions.map(({ region, role }) => (
            <option key={region} value={region}>{`${region}, ${role}`}</option>
          ))}
        </select>
      </label>
      {wish.kind === 'failover' && (
        <label class="choice">
          <input
            type="checkbox"
            checked={wish.acceptLoss}
            onChange={(event) => onChange({ acceptLoss: event.currentTarget.checked })}
          />
          What it may lose was looked at and is accepted
        </label>
      )}
    </>
  )
}

interface Wish {
  readonly kind: Kind | ''
  readonly to: string
  readonly acceptLoss: boolean
}

const NO_WISH: Wish = { kind: '', to: '', acceptLoss: false }

interface PlannedProps {
  readonly plan: Sending<PlanBody>
  readonly wish: { readonly acceptLoss: boolean }
  readonly overrides: Readonly<Record<string, string>>
  readonly onOverrides: (overrides: Readonly<Record<string, string>>) => void
  readonly onAgain: () => Promise<unknown>
}

function Planned({ plan: { answer }, ...rest }: PlannedProps) {
  return answer === undefined ? null : (
    <PlanPanel key={answer.hash} plan={answer} {...rest} acceptLoss={rest.wish.acceptLoss} />
  )
}

function Reigns({ groups }: Pick<PlannerProps, 'groups'>) {
  const rows = groups.flatMap(({ group, reigns }) => reigns.map((reign) => ({ group, ...reign })))
  rows.sort((a, b) => (a.committedAt < b.committedAt ? 1 : -1))
  return (
    <Panel title="Reigns" command={commandOf('history')}>
      <Table
        caption="Reigns, the newest first"
        empty="No group has been read yet."
        rows={rows.slice(0, 50)}
        keyOf={({ group, epoch }) => `${group}:${epoch}`}
        columns={[
          { title: 'Group', cell: ({ group }) => group },
          { title: 'Epoch', isNumber: true, cell: ({ epoch }) => epoch },
          { title: 'Active', cell: ({ active }) => active },
          {
            title: 'By',
            cell: ({ kind, group, operation }) =>
              kind === 'first' ? 'the configuration' : <a href={linkTo(['operations', group, operation])}>{kind}</a>,
          },
          { title: 'Committed', cell: ({ committedAt }) => moment(committedAt) },
        ]}
      />
    </Panel>
  )
}
