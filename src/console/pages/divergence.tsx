import { useState } from 'preact/hooks'
import type { DivergenceBody, FailoverGroupBody, FailoverGroupsBody } from '../../api/contract/index.ts'
import { useApi } from '../client/hooks.ts'
import { Ask } from '../parts/ask.tsx'
import { Cli } from '../parts/cli.tsx'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { bytes, count, moment, plural } from '../words/numbers.ts'

type Region = FailoverGroupBody['regions'][number]

/** What regions hold that were lost and are back, and the active one lacks. */
export function Divergence({ route }: { readonly route: Route }) {
  const shown = useApi<FailoverGroupsBody>('/failover-groups')
  const { group, region } = route.query
  const away = (shown.body?.groups ?? []).flatMap((one) =>
    one.regions.filter(({ role }) => role !== 'active' && role !== 'standby').map((entry) => ({ group: one, entry })),
  )
  const picked =
    group === undefined ? away[0] : away.find((one) => one.group.group === group && one.entry.region === region)
  return (
    <>
      <Panel title="Regions on their way back" shown={shown}>
        <Table
          caption="Lost and returning regions"
          empty="No region was lost: there is nothing that only one of them has."
          rows={away}
          keyOf={({ group: { group: name }, entry }) => `${name}:${entry.region}`}
          columns={[
            { title: 'Group', cell: ({ group: one }) => one.group },
            {
              title: 'Region',
              cell: ({ group: one, entry }) => (
                <a href={linkTo(['divergence'], { group: one.group, region: entry.region })}>{entry.region}</a>
              ),
            },
            { title: 'Role', cell: ({ entry }) => <Mark level="warning">{entry.role}</Mark> },
            { title: 'Since', cell: ({ entry }) => moment(entry.since) },
            { title: 'Step', cell: ({ entry }) => describeStep(entry) },
          ]}
        />
      </Panel>
      {picked !== undefined && <Found group={picked.group.group} entry={picked.entry} />}
    </>
  )
}

function describeStep({ reason, return: way }: Region): string {
  if (way === null) return reason
  const { phase, stop, waiting } = way
  if (stop !== null) return `${phase}: ${stop.reason}. ${stop.instructions}`
  return waiting === null ? phase : `${phase}: waits for ${waiting.reason}`
}

function Found({ group, entry }: { readonly group: string; readonly entry: Region }) {
  const isScanned = entry.return?.divergence !== null && entry.return !== null
  const path = `/failover-groups/${encodeURIComponent(group)}/returns/${encodeURIComponent(entry.region)}/divergence?limit=100`
  const shown = useApi<DivergenceBody>(isScanned ? path : undefined, 10_000)
  const { body } = shown
  if (!isScanned) return <p>Nothing is known yet of what only {entry.region} has: it has not been compared.</p>
  return (
    <>
      <Panel
        title={`What only ${entry.region} has of ${group}`}
        shown={shown}
        staleSeconds={30}
        command={commandOf('divergence', 'show', group, '--region', entry.region)}
      >
        {body !== undefined && <Totals body={body} />}
        {body !== undefined && <Choices body={body} />}
      </Panel>
      {body !== undefined && <Choose body={body} />}
      {body !== undefined && <Partitions body={body} />}
    </>
  )
}

function Totals({ body: { totals, active, epoch, phase } }: { readonly body: DivergenceBody }) {
  const span =
    totals.firstTimestampMs === null || totals.lastTimestampMs === null
      ? ''
      : `, written between ${moment(totals.firstTimestampMs)} and ${moment(totals.lastTimestampMs)}`
  return (
    <>
      <p class="lead">
        {plural(totals.records, 'committed record')} ({bytes(totals.bytes)}) in {plural(totals.partitions, 'partition')}{' '}
        of {plural(totals.topics, 'topic')} that {active} lacks{span}.
      </p>
      <p>
        Compared with epoch {epoch} of {active}; the return is at <strong>{phase}</strong>.{' '}
        {totals.keysInConflict > 0 && `${plural(totals.keysInConflict, 'key')} were written on both sides. `}
        {totals.cutTransactions > 0 &&
          `In ${plural(totals.cutTransactions, 'partition')} a transaction was copied in part. `}
        {totals.onlyHere > 0 && (
          <Mark level="bad">{plural(totals.onlyHere, 'record')} below the fork that the active region lacks</Mark>
        )}
      </p>
    </>
  )
}

const MEANINGS = {
  export: 'Written out to topics of their own; the region is then copied again.',
  replay: 'Written out, and appended to the active region as late records.',
  keep: 'As replay, and left where they stand: the region then has them twice.',
  discard: 'Destroyed.',
} as const

function Choices({ body: { choices, group, region } }: { readonly body: DivergenceBody }) {
  return (
    <>
      <h3>What each choice would do</h3>
      <Table
        caption="Choices and what each would do"
        empty="There is nothing to choose."
        rows={choices}
        keyOf={({ kind }) => kind}
        columns={[
          { title: 'Choice', isShort: true, cell: ({ kind }) => <strong>{kind}</strong> },
          { title: 'Meaning', cell: ({ kind }) => MEANINGS[kind] },
          { title: 'Written out', isNumber: true, cell: ({ writesOut }) => count(writesOut.records) },
          { title: 'Appended', isNumber: true, cell: ({ appends }) => count(appends.records) },
          { title: 'Gone everywhere', isNumber: true, cell: ({ destroys }) => count(destroys.records) },
          { title: 'Copied again', isNumber: true, cell: ({ copiesAgain }) => bytes(copiesAgain.bytes) },
          {
            title: 'Command',
            cell: ({ kind }) => <code>{commandOf('divergence', kind, group, '--region', region, '--dry-run')}</code>,
          },
        ]}
      />
    </>
  )
}

/** Nothing is chosen before a person does; what cannot be taken back asks for the name of the group. */
function Choose({ body: { group, region, choices, phase } }: { readonly body: DivergenceBody }) {
  const [kind, setKind] = useState('')
  const [losesOlder, setLosesOlder] = useState(false)
  const path = `/failover-groups/${encodeURIComponent(group)}/returns/${encodeURIComponent(region)}`
  const chosen = choices.find((one) => one.kind === kind)
  const older = chosen?.losesOlder ?? 0
  return (
    <Panel title="Say what becomes of these records">
      <p>The return is at {phase}.</p>
      <div class="form">
        <fieldset>
          <legend>What becomes of them</legend>
          {choices.map((one) => (
            <label key={one.kind} class="choice">
              <input type="radio" name="choice" checked={kind === one.kind} onChange={() => setKind(one.kind)} />
              <span>
                <strong>{one.kind}</strong>: {MEANINGS[one.kind]}
              </span>
            </label>
          ))}
        </fieldset>
        {older > 0 && (
          <label class="choice">
            <input
              type="checkbox"
              checked={losesOlder}
              onChange={(event) => setLosesOlder(event.currentTarget.checked)}
            />
            {plural(older, 'record')} below the fork may be destroyed as well
          </label>
        )}
      </div>
      <Ask
        label={kind === '' ? 'Choose' : `Choose ${kind}`}
        meaning={
          chosen === undefined
            ? 'Choose one first.'
            : `Written out: ${count(chosen.writesOut.records)}. Appended: ${count(chosen.appends.records)}. Gone from everywhere: ${count(chosen.destroys.records)}.`
        }
        path={`${path}/choice`}
        needs="admin"
        word={group}
        body={{ kind, ...(losesOlder && { losesOlder }) }}
        obstacle={kind === '' ? 'Choose one first.' : undefined}
      />
      <Cli command={commandOf('divergence', kind || 'export', group, '--region', region, '--reason', 'WHY')} />
    </Panel>
  )
}

function Partitions({ body: { partitions, partitionsLeftOut, samples } }: { readonly body: DivergenceBody }) {
  return (
    <Panel title="Partitions that have diverged">
      <Table
        caption="Diverged partitions, with what they hold alone"
        empty="None."
        rows={partitions}
        keyOf={({ topic, partition }) => `${topic}:${partition}`}
        columns={[
          { title: 'Topic', cell: ({ topic }) => topic },
          { title: 'Partition', isNumber: true, cell: ({ partition }) => partition },
          { title: 'Fork', isNumber: true, cell: ({ from }) => count(from) },
          { title: 'End', isNumber: true, cell: ({ to }) => count(to) },
          { title: 'Records', isNumber: true, cell: ({ records }) => count(records) },
          { title: 'Bytes', isNumber: true, cell: (one) => bytes(one.bytes) },
          { title: 'Below the fork', isNumber: true, cell: ({ onlyHere }) => count(onlyHere) },
          {
            title: 'Keys, for example',
            cell: ({ topic, partition }) =>
              samples
                .find((one) => one.topic === topic && one.partition === partition)
                ?.sampleKeys.map((key) => key ?? 'no key')
                .join(', ') ?? 'not sampled',
          },
        ]}
      />
      {partitionsLeftOut > 0 && <p class="faint">{plural(partitionsLeftOut, 'partition')} more are not listed.</p>}
    </Panel>
  )
}
