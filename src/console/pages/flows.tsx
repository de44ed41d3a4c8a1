import { useCallback, useMemo, useState } from 'preact/hooks'
import type {
  FlowsBody,
  LinkHistoryBody,
  StatusBody,
  TopicFlowsBody,
  TopicFlowsEntry,
} from '../../api/contract/index.ts'
import { useApi, useStatus } from '../client/hooks.ts'
import type { Shown } from '../client/resource.ts'
import { Age } from '../parts/age.tsx'
import { Chart } from '../parts/chart.tsx'
import { LinkPicker, pickLink } from '../parts/link-picker.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { useIsOld } from '../parts/old.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { VirtualRows } from '../parts/virtual-rows.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { FRESH_SECONDS, isSourceUnseen } from '../words/exposure.ts'
import { bytes, count, duration, plural } from '../words/numbers.ts'

const ROW_PX = 44
const PAGE = 100
const HISTORY_SECONDS = 3_600

/** How far each topic of a link is behind, the worst first, and how that went. */
export function Flows({ route }: { readonly route: Route }) {
  const status = useStatus()
  const { search = '', topic } = route.query
  const link = pickLink(status.body?.links, route.query['link'])
  return (
    <>
      <LinkPicker status={status} page="flows" picked={link?.link} />
      {link !== undefined && <LinkHistory link={link} status={status} />}
      {link !== undefined && topic === undefined && <Topics key={link.link} link={link.link} search={search} />}
      {link !== undefined && topic !== undefined && <Partitions link={link.link} topic={topic} />}
    </>
  )
}

interface LinkHistoryProps {
  readonly link: StatusBody['links'][number]
  /** In which it stands. */
  readonly status: Shown<StatusBody>
}

function LinkHistory({ link, status }: LinkHistoryProps) {
  const shown = useApi<LinkHistoryBody>(
    `/links/${encodeURIComponent(link.link)}/history?seconds=${HISTORY_SECONDS}`,
    15_000,
  )
  const { body } = shown
  const seconds = useMemo(() => [{ name: 'lag in seconds', values: body?.lagSeconds ?? [] }], [body])
  const records = useMemo(() => [{ name: 'lag in records', values: body?.lagRecords ?? [] }], [body])
  const rate = useMemo(() => [{ name: 'bytes a second', values: body?.bytesPerSecond ?? [] }], [body])
  const atMs = body?.atMs ?? []
  const isOld = useIsOld(status)
  const isUnseen = isSourceUnseen(link.lagAgeSeconds) || isOld
  const now = `${count(link.lagRecords)} records, ${duration(link.lagSeconds)}`
  return (
    <Panel
      title={`${link.link}: the last hour`}
      shown={shown}
      staleSeconds={40}
      command={commandOf('status', '--watch')}
    >
      <p>
        {isUnseen ? 'When the source was last seen, it was behind by' : 'Behind by'} {now}.{' '}
        <Age heardMs={status.heardMs} seconds={link.lagAgeSeconds} label="source seen" staleSeconds={FRESH_SECONDS} />
        {link.lagUnknownFlows > 0 && ` The lag of ${plural(link.lagUnknownFlows, 'partition')} is not known.`}{' '}
        {link.reason !== link.state && link.reason}
      </p>
      {atMs.length < 2 ? (
        <p class="faint">History begins with the process, and has a sample every 15 seconds.</p>
      ) : (
        <div class="charts">
          <Drawing title="Lag, seconds" atMs={atMs} series={seconds} format={formatSeconds} />
          <Drawing title="Lag, records" atMs={atMs} series={records} format={count} />
          <Drawing title="Copied a second" atMs={atMs} series={rate} format={bytes} />
        </div>
      )}
    </Panel>
  )
}

interface DrawingProps {
  readonly title: string
  readonly atMs: readonly number[]
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
  readonly format: (value: number) => string
}

function Drawing({ title, atMs, series, format }: DrawingProps) {
  const values = (series[0]?.values ?? []).filter((value) => value !== null)
  const words =
    values.length === 0 ? 'nothing known' : `now ${format(values.at(-1) ?? 0)}, at most ${format(Math.max(...values))}`
  return (
    <figure>
      <figcaption>
        {title} <span class="faint">{words}</span>
      </figcaption>
      <Chart label={`${title}: ${words}`} atMs={atMs} series={series} format={format} />
    </figure>
  )
}

function formatSeconds(value: number): string {
  return duration(value)
}

function Topics({ link, search }: { readonly link: string; readonly search: string }) {
  const [first, setFirst] = useState(0)
  const onWindow = useCallback((from: number) => setFirst(Math.floor(from / PAGE) * PAGE), [])
  const path = (offset: number) => topicsPath({ link, search, offset })
  const near = useApi<TopicFlowsBody>(path(first))
  // The window may reach into the next page.
  const total = near.body?.total ?? 0
  const next = useApi<TopicFlowsBody>(first + PAGE < total ? path(first + PAGE) : undefined)
  const entryAt = (index: number) => near.body?.topics[index - first] ?? next.body?.topics[index - first - PAGE]
  return (
    <Panel title="Topics" shown={near} command={commandOf('lag', '--link', link)}>
      <label class="field">
        Only topics whose name contains
        <input
          type="search"
          value={search}
          onInput={(event) => location.replace(linkTo(['flows'], { link, search: event.currentTarget.value }))}
        />
      </label>
      <p role="status">
        {plural(total, 'topic')}, {plural(near.body?.flows ?? 0, 'partition')}; the furthest behind first
      </p>
      {total > 0 && (
        <VirtualRows
          label="Topics, the furthest behind first"
          total={total}
          rowPx={ROW_PX}
          onWindow={onWindow}
          header={<TopicHeader />}
          row={(index) => <TopicRow link={link} entry={entryAt(index)} heardMs={near.heardMs} />}
        />
      )}
    </Panel>
  )
}

function topicsPath({
  link,
  search,
  offset,
}: {
  readonly link: string
  readonly search: string
  readonly offset: number
}) {
  const query = new URLSearchParams({ limit: String(PAGE), offset: String(offset), ...(search !== '' && { search }) })
  return `/links/${encodeURIComponent(link)}/topic-flows?${query}`
}

const COLUMNS = ['Topic', 'State', 'Behind', 'Oldest', 'Source seen']

function TopicHeader() {
  return (
    <div class="rows-row rows-head" role="row" aria-rowindex={1}>
      {COLUMNS.map((title) => (
        <span key={title} role="columnheader">
          {title}
        </span>
      ))}
    </div>
  )
}

interface TopicRowProps {
  readonly link: string
  readonly entry: TopicFlowsEntry | undefined
  readonly heardMs: number | undefined
}

function TopicRow({ link, entry, heardMs }: TopicRowProps) {
  if (entry === undefined) return <span role="cell">…</span>
  const { topic, partitions, lagRecords, lagSeconds, lagAgeSeconds, lagUnknown } = entry
  const { level, words } = judgeTopic(entry)
  return (
    <>
      <span role="cell">
        <a href={linkTo(['flows'], { link, topic })}>{topic}</a>{' '}
        <span class="faint">{plural(partitions, 'partition')}</span>
      </span>
      <span role="cell">
        <Mark level={level}>{words}</Mark>
      </span>
      <span role="cell">{lagUnknown > 0 ? `at least ${count(lagRecords ?? 0)}` : count(lagRecords)}</span>
      <span role="cell">{duration(lagSeconds)}</span>
      <span role="cell">
        <Age heardMs={heardMs} seconds={lagAgeSeconds} label="" staleSeconds={15} />
      </span>
    </>
  )
}

function judgeTopic(entry: TopicFlowsEntry): { readonly level: Level; readonly words: string } {
  const { partitions, running, stopped, elsewhere, lagUnknown, lagAgeSeconds } = entry
  if (stopped > 0) return { level: 'bad', words: `${stopped} stopped` }
  if (running + elsewhere < partitions)
    return { level: 'warning', words: `${partitions - running - elsewhere} starting` }
  if (lagUnknown > 0) return { level: 'unknown', words: `${lagUnknown} unknown` }
  if (isSourceUnseen(lagAgeSeconds)) return { level: 'unknown', words: 'source not seen' }
  if (elsewhere === partitions) return { level: 'note', words: 'elsewhere' }
  return { level: 'good', words: 'running' }
}

const FLOW_LEVELS = {
  starting: 'note',
  running: 'good',
  recovering: 'warning',
  stopped: 'bad',
  elsewhere: 'note',
} as const

/** Every partition of one topic. */
function Partitions({ link, topic }: { readonly link: string; readonly topic: string }) {
  const path = `/links/${encodeURIComponent(link)}/flows?limit=1000&topic=${encodeURIComponent(topic)}`
  const shown = useApi<FlowsBody>(path)
  const flows = shown.body?.flows ?? []
  const atMs = useStatus().body?.atMs
  const left = (shown.body?.total ?? 0) - flows.length
  return (
    <Panel title={topic} shown={shown} command={commandOf('lag', '--link', link, '--topic', topic)}>
      <p>
        <a href={linkTo(['flows'], { link })}>All topics of {link}</a>
      </p>
      <Table
        caption={`Partitions of ${topic}`}
        empty="Nothing of this topic is copied over this link."
        rows={flows}
        keyOf={({ partition }) => String(partition)}
        columns={[
          { title: 'Partition', cell: ({ partition }) => partition },
          {
            title: 'State',
            cell: ({ state, observedAtMs }) => (
              <Mark level={FLOW_LEVELS[state]} isOld={isSourceUnseen(ageOf(observedAtMs, atMs))}>
                {state}
              </Mark>
            ),
          },
          { title: 'Behind, records', isNumber: true, cell: ({ lagRecords }) => count(lagRecords) },
          { title: 'Oldest', isNumber: true, cell: ({ lagSeconds }) => duration(lagSeconds) },
          {
            title: 'Source seen',
            cell: ({ observedAtMs }) => (
              <Age heardMs={shown.heardMs} seconds={ageOf(observedAtMs, atMs)} label="" staleSeconds={15} />
            ),
          },
          { title: 'Next at source', isNumber: true, cell: ({ sourceNext }) => count(sourceNext) },
          { title: 'Next on target', isNumber: true, cell: ({ targetNext }) => count(targetNext) },
          { title: 'Lost', isNumber: true, cell: ({ recordsLost }) => count(recordsLost) },
          {
            title: 'Why',
            cell: ({ reason, fault }) => (fault === undefined ? reason : `${fault.code}: ${fault.remedy}`),
          },
        ]}
      />
      {left > 0 && <p class="faint">{plural(left, 'partition')} more are not shown; the command shows all.</p>}
    </Panel>
  )
}

function ageOf(observedAtMs: number | null, nowMs: number | undefined): number | null {
  return observedAtMs === null || nowMs === undefined ? null : Math.max(0, nowMs - observedAtMs) / 1_000
}
