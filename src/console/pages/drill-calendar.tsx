import type { DrillBody, DrillsBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import type { Shown } from '../client/resource.ts'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo } from '../route.ts'
import { buildCalendar, type CalendarDay } from '../words/calendar.ts'
import { commandOf } from '../words/command.ts'
import { duration, moment } from '../words/numbers.ts'

type Outcome = NonNullable<DrillBody['outcome']>['kind']

const OUTCOMES: Readonly<Record<Outcome, Level>> = {
  passed: 'good',
  failed: 'bad',
  interrupted: 'warning',
  skipped: 'unknown',
}
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** What came of a drill, or how far it is. */
export function OutcomeMark({ drill: { outcome, phase } }: { readonly drill: DrillBody }) {
  if (outcome === null) return <Mark level="note">{`running, at ${phase}`}</Mark>
  return <Mark level={OUTCOMES[outcome.kind]}>{outcome.kind}</Mark>
}

/** Six weeks of a group's drills: what came of them, and what is to come. */
export function DrillCalendar({ group, shown }: { readonly group: string; readonly shown: Shown<DrillsBody> }) {
  const { body } = shown
  return (
    <Panel title="Calendar" shown={shown} staleSeconds={30} command={commandOf('drill', 'list', group)}>
      {body !== undefined && <Schedules schedules={body.schedules} />}
      {body !== undefined && <Weeks group={group} body={body} />}
    </Panel>
  )
}

function Schedules({ schedules }: Pick<DrillsBody, 'schedules'>) {
  return (
    <Table
      caption="Schedules of drills"
      empty="No schedule is configured: drills begin only when a person asks for one."
      rows={schedules}
      keyOf={({ name }) => name}
      columns={[
        { title: 'Schedule', cell: ({ name }) => <strong>{name}</strong> },
        { title: 'Level', cell: ({ level }) => level },
        { title: 'At', cell: ({ region }) => region ?? 'the best standby' },
        { title: 'When', cell: ({ cron, timezone }) => <code>{`${cron} ${timezone}`}</code> },
        { title: 'Next', cell: ({ coming: [next] }) => <Next next={next} /> },
      ]}
    />
  )
}

type Coming = DrillsBody['schedules'][number]['coming'][number]

function Next({ next }: { readonly next: Coming | undefined }) {
  if (next === undefined) return <>never</>
  const seconds = Math.max(0, (Date.parse(next.at) - systemClock.nowMs()) / 1_000)
  return (
    <>
      {moment(next.at)}, in {duration(seconds)}
      {next.skipped !== null && (
        <div>
          <Mark level="warning">not then</Mark> {next.skipped}
        </div>
      )}
    </>
  )
}

function Weeks({ group, body }: { readonly group: string; readonly body: DrillsBody }) {
  const weeks = buildCalendar(body, systemClock.nowMs())
  return (
    <div class="table-frame" role="region" aria-label="Drills by day" tabIndex={0}>
      <table class="calendar">
        <caption class="for-readers">Drills by day, three weeks back and two ahead</caption>
        <thead>
          <tr>
            {DAYS.map((day) => (
              <th key={day} scope="col">
                {day}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((days) => (
            <tr key={days[0]?.atMs}>
              {days.map((day) => (
                <Day key={day.atMs} group={group} day={day} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Day({ group, day: { atMs, isToday, drills, due } }: { readonly group: string; readonly day: CalendarDay }) {
  const isEmpty = drills.length + due.length === 0
  const date = moment(atMs).slice(0, 'YYYY-MM-DD'.length)
  return (
    <td class={isEmpty ? 'calendar-empty' : undefined} aria-current={isToday ? 'date' : undefined}>
      <div class="calendar-date">{isToday ? `${date}, today` : date}</div>
      {drills.map((drill) => (
        <div key={drill.id}>
          <a href={linkTo(['drills'], { group, drill: drill.id })}>{drill.level}</a> <OutcomeMark drill={drill} />
        </div>
      ))}
      {due.map(({ schedule, level, at, skipped }) => (
        <div key={`${schedule} ${at}`} class="faint">
          {skipped === null ? 'due' : 'not then'}: {level} ({schedule}), {moment(at).slice('YYYY-MM-DD '.length, -3)}
        </div>
      ))}
    </td>
  )
}
