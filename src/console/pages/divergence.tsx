import type { DivergenceBody, FailoverGroupBody, FailoverGroupsBody } from '../../api/contract/index.ts'
import { useApi } from '../client/hooks.ts'
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
          caption="Regions on their way back"
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
          { title: 'Choice', cell: ({ kind }) => <strong>{kind}</strong> },
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

function Partitions({ body: { partitions, partitionsLeftOut, samples } }: { readonly body: DivergenceBody }) {
  return (
    <Panel title="Partitions that have diverged">
      <Table
        caption="Partitions that have diverged"
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
