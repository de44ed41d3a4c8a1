import type { RunbookBody, RunbookRunBody } from '../../api/contract/index.ts'
import { saveFile } from '../client/save-file.ts'
import type { Walk } from '../client/walk.ts'
import { Ask } from '../parts/ask.tsx'
import { BlockRecord, RECORD_LEVELS } from '../parts/block-record.tsx'
import { Disclosure } from '../parts/disclosure.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo } from '../route.ts'
import { moment, plural } from '../words/numbers.ts'
import { isMoveOrder } from '../words/runbook-text.ts'

type Block = RunbookBody['blocks'][number]

export const RUN_LEVELS: Readonly<Record<RunbookRunBody['state'], Level>> = {
  running: 'note',
  done: 'good',
  stopped: 'warning',
}

interface WalkPanelProps {
  readonly walk: Walk
  readonly id: string
  readonly values: Readonly<Record<string, string>>
  readonly command: string
}

/** How far the walk is, and its record. */
export function WalkPanel({ walk, id, values, command }: WalkPanelProps) {
  const { shown, obstacle, order } = walk
  const { body: run } = shown
  return (
    <Panel
      title="Walk through it"
      {...((run !== undefined || shown.problem !== undefined) && { shown })}
      command={command}
    >
      <p>
        Each block below is carried out when you press its button, as you and with your role. Only commands of Isthmus
        run from here; what needs a shell runs from the command line.
      </p>
      {run === undefined ? <p class="faint">{obstacle ?? 'Nothing was carried out yet.'}</p> : <Record run={run} />}
      {run?.state === 'running' && (
        <Ask
          label="Carry out no further block"
          meaning="The command that is under way ends first; what it has asked for goes on."
          path={`/runbook-runs/${encodeURIComponent(run.id)}/stop`}
          needs="operator"
          asksWhy={false}
          shape={() => ({})}
        />
      )}
      <ProblemNote problem={order.problem} />
      {(run !== undefined || shown.problem !== undefined) && (
        <p>
          <a href={linkTo(['runbooks', id], values)}>Begin another walk</a>
        </p>
      )}
    </Panel>
  )
}

function Record({ run }: { readonly run: RunbookRunBody }) {
  const last = run.blocks.at(-1)
  const save = () => saveFile(`${run.runbook}-${run.id}.json`, new Blob([JSON.stringify(run, null, 2)]))
  return (
    <>
      <p class="lead" role="status">
        <Mark level={RUN_LEVELS[run.state]}>{run.state}</Mark>
        {last === undefined ? '' : `: ${last.block} was ${last.state}`}
      </p>
      <p>
        Begun by {run.by} at {moment(run.startedAtMs)}; {plural(run.blocks.length, 'block')} carried out.
      </p>
      <Table
        caption="What was carried out, in this order"
        empty="Nothing has ended yet."
        rows={run.blocks.map((record, at) => ({ ...record, at }))}
        keyOf={({ at }) => String(at)}
        columns={[
          { title: 'When', isShort: true, cell: ({ commands }) => startOf(commands) },
          { title: 'Block', isShort: true, cell: ({ block }) => block },
          { title: 'Came to', cell: ({ state }) => <Mark level={RECORD_LEVELS[state]}>{state}</Mark> },
          { title: 'Why', cell: ({ reason }) => reason },
        ]}
      />
      <p>
        <button type="button" class="quiet" onClick={save}>
          Save the record
        </button>{' '}
        <span class="faint">This process forgets it when it ends, and after the newest hundred.</span>
      </p>
    </>
  )
}

function startOf([first]: RunbookRunBody['blocks'][number]['commands']): string {
  return first === undefined ? 'asked' : moment(first.atMs)
}

interface BlockStepProps {
  readonly block: Block
  readonly walk: Walk
  readonly role: RunbookBody['role']
  readonly group: string | undefined
}

/** What a person may do about a block, and what it came to the last time. */
export function BlockStep({ block, walk, role, group }: BlockStepProps) {
  const { id, kind, runsHere, text } = block
  const record = walk.shown.body?.blocks.findLast((one) => one.block === id)
  if (!runsHere || isMoveOrder(text)) return null
  return (
    <>
      {kind === 'act' ? (
        <Disclosure label={`Run ${id} here`}>
          <Ask
            label={`Run ${id}`}
            meaning="It is carried out as it stands above, as you; what comes of it is put on the record."
            path={walk.path}
            needs={role}
            body={{ ...walk.body, blocks: [id] }}
            {...(group === undefined ? { word: id, wordIs: 'the name of this block' } : { word: group })}
            asksWhy={false}
            shape={({ by }) => ({ by })}
            obstacle={walk.obstacle}
            onDone={(answer) => walk.taken(answer as RunbookRunBody)}
          />
        </Disclosure>
      ) : (
        <LookButtons block={block} walk={walk} />
      )}
      {record !== undefined && record.commands.length > 0 && (
        <details open={record.state === 'red'}>
          <summary>What {id} said</summary>
          <BlockRecord record={record} />
        </details>
      )}
    </>
  )
}

/** Of what changes nothing: one press is enough. */
function LookButtons({ block: { id, kind }, walk }: Pick<BlockStepProps, 'block' | 'walk'>) {
  const { obstacle, order, shown } = walk
  const isOff = obstacle !== undefined || order.isSending
  const isUnderWay = shown.body?.state === 'running' && shown.body.wanted.at(-1) === id
  const press = (answers?: boolean) => () => !isOff && void walk.carryOut(id, answers)
  return (
    <p class="links">
      {kind === 'observe' ? (
        <>
          <button type="button" class="quiet" aria-disabled={isOff} aria-label={`Yes, of ${id}`} onClick={press(true)}>
            Yes
          </button>
          <button type="button" class="quiet" aria-disabled={isOff} aria-label={`No, of ${id}`} onClick={press(false)}>
            No
          </button>
        </>
      ) : (
        <button type="button" class="quiet" aria-disabled={isOff} onClick={press()}>
          {isUnderWay ? `${id} is carried out` : `Run ${id}`}
        </button>
      )}
    </p>
  )
}
