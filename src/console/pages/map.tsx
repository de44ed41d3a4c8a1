import { useContext, useRef } from 'preact/hooks'
import type { LinkBody, RegionHealthBody, RegionsBody, StatusBody } from '../../api/contract/index.ts'
import { useApi, useStatus } from '../client/hooks.ts'
import { Age } from '../parts/age.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Old } from '../parts/old.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { isSourceUnseen } from '../words/exposure.ts'
import { drawArrow, MAP, type Point, placeRegions } from '../words/map-layout.ts'
import { bytes, count, duration, plural } from '../words/numbers.ts'
import { type Rate, RateBook } from '../words/rates.ts'

const VERDICTS: Readonly<Record<RegionHealthBody['verdict'], Level>> = {
  up: 'good',
  suspect: 'warning',
  down: 'bad',
  unconfirmed: 'warning',
  'cut-off': 'warning',
  isolated: 'warning',
  contested: 'warning',
  unknown: 'unknown',
}
const STATES = { starting: 'note', running: 'good', degraded: 'warning', paused: 'warning', stopped: 'bad' } as const

/** Regions are looked at every few seconds. */
const LOOK_SECONDS = 15

/** Regions and links, drawn and as tables that say the same. */
export function MapPage() {
  const status = useStatus()
  const regions = useApi<RegionsBody>('/regions')
  const book = useRef(new RateBook())
  const { body } = status
  const rates = new Map(body?.links.map((link) => [link.link, book.current.take(link, body.atMs)]))
  return (
    <>
      <Panel title="Regions and links" shown={status}>
        {body !== undefined && <Drawing status={body} regions={regions.body} rates={rates} />}
      </Panel>
      <RegionTable shown={regions} status={body} />
      <LinkTable status={status} rates={rates} />
    </>
  )
}

interface DrawingProps {
  readonly status: StatusBody
  readonly regions: RegionsBody | undefined
  readonly rates: ReadonlyMap<string, Rate | undefined>
}

function Drawing({ status, regions, rates }: DrawingProps) {
  const places = placeRegions(status.regions.map(({ region }) => region))
  const seen = new Map<string, number>()
  const arrows = status.links.flatMap((link) => {
    const [from, to] = [places.get(link.source), places.get(link.target)]
    if (from === undefined || to === undefined) return []
    const way = `${link.source}>${link.target}`
    const nth = seen.get(way) ?? 0
    seen.set(way, nth + 1)
    return [{ link, arrow: drawArrow(link.link, from, to, nth) }]
  })
  return (
    <svg
      class="map"
      viewBox={`0 0 ${MAP.width} ${MAP.height}`}
      role="img"
      aria-label="Map; the tables below say the same"
    >
      <defs>
        <marker
          id="tip"
          viewBox="0 0 10 10"
          refX="8"
          refY="5"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path d="M0 0 L10 5 L0 10 z" class="map-tip" />
        </marker>
      </defs>
      {arrows.map(({ link, arrow }) => (
        <g key={link.link} class={`map-link map-${link.state}`}>
          <path d={arrow.path} marker-end="url(#tip)" />
        </g>
      ))}
      {arrows.map(({ link, arrow }) => (
        <LinkLabel key={link.link} link={link} at={arrow.label} rate={rates.get(link.link)} />
      ))}
      {[...places].map(([name, place]) => (
        <RegionNode key={name} name={name} place={place} status={status} regions={regions} />
      ))}
    </svg>
  )
}

interface LinkLabelProps {
  readonly link: LinkBody
  readonly at: Point
  readonly rate: Rate | undefined
}

/** Behind every line, so that none runs over it. */
function LinkLabel({ link, at, rate }: LinkLabelProps) {
  const isOld = useContext(Old) || isSourceUnseen(link.lagAgeSeconds)
  return (
    <>
      <text x={at.x} y={at.y - 6}>
        {isOld && 'was '}
        {rate === undefined || isOld ? link.state : `${bytes(rate.bytesPerSecond)}/s`}
      </text>
      <text x={at.x} y={at.y + 12} class="map-small">
        {isOld && 'was '}
        {count(link.lagRecords)} behind, {duration(link.lagSeconds)}
      </text>
    </>
  )
}

/** Whether this process has not looked at the region lately. */
function isLookOld(health: RegionHealthBody | undefined): boolean {
  const seconds = health?.lookedSecondsAgo
  return typeof seconds === 'number' && seconds > LOOK_SECONDS
}

interface RegionNodeProps {
  readonly name: string
  readonly place: Point
  readonly status: StatusBody
  readonly regions: RegionsBody | undefined
}

function RegionNode({ name, place, status, regions }: RegionNodeProps) {
  const actives = status.failoverGroups.filter(({ active }) => active === name).length
  const health = regions?.regions.find(({ region }) => region === name)
  const fences = health?.fences.length ?? 0
  const isOld = useContext(Old) || isLookOld(health)
  const level = health === undefined || isOld ? 'unknown' : VERDICTS[health.verdict]
  return (
    <g class={`map-region map-region-${level}${actives > 0 ? ' map-active' : ''}`}>
      <circle cx={place.x} cy={place.y} r={MAP.radius} />
      <text x={place.x} y={place.y - 8} class="map-name">
        {name}
      </text>
      <text x={place.x} y={place.y + 10} class="map-small">
        {actives === 0 ? 'standby' : actives === 1 ? 'active' : `active: ${actives}`}
      </text>
      <text x={place.x} y={place.y + 26} class="map-small">
        {isOld && health !== undefined ? 'was ' : ''}
        {health?.verdict ?? 'health not known'}
        {fences > 0 ? ', fenced' : ''}
      </text>
    </g>
  )
}

function RegionTable({
  shown,
  status,
}: {
  readonly shown: ReturnType<typeof useApi<RegionsBody>>
  readonly status: StatusBody | undefined
}) {
  const activeFor = (region: string) =>
    (status?.failoverGroups ?? []).filter(({ active }) => active === region).map(({ group }) => group)
  return (
    <Panel title="Regions" shown={shown} command={commandOf('regions')}>
      {typeof shown.body?.doubt === 'string' && (
        <p>
          <Mark level="warning">This observer does not trust itself</Mark> {shown.body.doubt}
        </p>
      )}
      <Table
        caption="Regions and their health"
        empty="No region belongs to a failover group: none is watched."
        rows={shown.body?.regions ?? []}
        keyOf={({ region }) => region}
        columns={[
          { title: 'Region', cell: ({ region }) => <strong>{region}</strong> },
          { title: 'Active for', cell: ({ region }) => activeFor(region).join(', ') || 'none' },
          {
            title: 'Verdict of all',
            cell: ({ verdict, verdictReason }) => (
              <>
                <Mark level={VERDICTS[verdict]}>{verdict}</Mark> <span class="faint">{verdictReason}</span>
              </>
            ),
          },
          {
            title: 'From here',
            cell: ({ level, reason, lookedSecondsAgo }) => (
              <>
                {level ?? 'unknown'}: {reason}{' '}
                <Age heardMs={shown.heardMs} seconds={lookedSecondsAgo} label="looked" staleSeconds={LOOK_SECONDS} />
              </>
            ),
          },
          { title: 'Witnesses', cell: describeVotes },
          {
            title: 'Fences',
            cell: ({ fences }) =>
              fences.length === 0 ? 'none' : fences.map(({ group, operation }) => `${group} (${operation})`).join(', '),
          },
        ]}
      />
    </Panel>
  )
}

function describeVotes({ votes, majority }: RegionHealthBody): string {
  const told = votes.map(({ vantage, vote, ageSeconds }) => `${vantage} says ${vote} (${duration(ageSeconds)} ago)`)
  return `${told.join('; ')}; ${majority} make a majority`
}

function LinkTable({
  status,
  rates,
}: {
  readonly status: ReturnType<typeof useStatus>
  readonly rates: ReadonlyMap<string, Rate | undefined>
}) {
  return (
    <Panel title="Links" shown={status} command={commandOf('status')}>
      <Table
        caption="Links, their rate and lag"
        empty="This process copies nothing."
        rows={status.body?.links ?? []}
        keyOf={({ link }) => link}
        columns={[
          { title: 'Link', cell: ({ link }) => <a href={linkTo(['flows'], { link })}>{link}</a> },
          { title: 'Direction', cell: ({ source, target }) => `${source} to ${target}` },
          {
            title: 'State',
            cell: ({ state, reason, lagAgeSeconds }) => (
              <>
                <Mark level={STATES[state]} isOld={state === 'running' && isSourceUnseen(lagAgeSeconds)}>
                  {state}
                </Mark>{' '}
                {reason === state ? '' : <span class="faint">{reason}</span>}
              </>
            ),
          },
          { title: 'Copies', isNumber: true, cell: ({ link }) => describeRate(rates.get(link)) },
          {
            title: 'Behind',
            isNumber: true,
            cell: ({ lagRecords, lagSeconds }) => `${count(lagRecords)} records, ${duration(lagSeconds)}`,
          },
          {
            title: 'Source seen',
            cell: ({ lagAgeSeconds }) => (
              <Age heardMs={status.heardMs} seconds={lagAgeSeconds} label="" staleSeconds={15} />
            ),
          },
          {
            title: 'Flows',
            cell: ({ flows }) =>
              `${plural(flows.running, 'flow')} running${flows.stopped > 0 ? `, ${flows.stopped} stopped` : ''}`,
          },
          { title: 'Lost', isNumber: true, cell: ({ recordsLost }) => count(recordsLost) },
        ]}
      />
    </Panel>
  )
}

function describeRate(rate: Rate | undefined): string {
  return rate === undefined
    ? 'not known yet'
    : `${count(Math.round(rate.recordsPerSecond))} records/s, ${bytes(rate.bytesPerSecond)}/s`
}
