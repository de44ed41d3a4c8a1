import type { GroupBody, GroupsBody } from '../../api/contract/index.ts'
import { useApi, useStatus } from '../client/hooks.ts'
import { Age } from '../parts/age.tsx'
import { LinkPicker, pickLink } from '../parts/link-picker.tsx'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { linkTo, type Route } from '../route.ts'
import { commandOf } from '../words/command.ts'
import { count, plural } from '../words/numbers.ts'

const PAGE = 100
/** Positions are compared every few seconds. */
const IN_STEP_SECONDS = 60
const LEVELS = {
  synced: 'good',
  'active-on-target': 'warning',
  'foreign-position': 'warning',
  'not-copied': 'unknown',
  failed: 'bad',
  'gone-at-source': 'note',
} as const

/** Positions that were in step a while ago may not be now. */
function StateMark({ group: { state, syncAgeSeconds } }: { readonly group: GroupBody }) {
  const isOld = syncAgeSeconds !== null && syncAgeSeconds > IN_STEP_SECONDS
  return (
    <Mark level={LEVELS[state]} isOld={isOld}>
      {state}
    </Mark>
  )
}

/** Where consumer groups are, where they would go on at the target, and what they would read again. */
export function Groups({ route }: { readonly route: Route }) {
  const status = useStatus()
  const link = pickLink(status.body?.links, route.query['link'])?.link
  const { group, after } = route.query
  return (
    <>
      <LinkPicker status={status} page="groups" picked={link} />
      {link !== undefined && group === undefined && <GroupList key={link} link={link} after={after} />}
      {link !== undefined && group !== undefined && <Positions link={link} group={group} />}
    </>
  )
}

function GroupList({ link, after }: { readonly link: string; readonly after: string | undefined }) {
  const query = new URLSearchParams({ limit: String(PAGE), ...(after !== undefined && { after }) })
  const shown = useApi<GroupsBody>(`/links/${encodeURIComponent(link)}/groups?${query}`)
  const { body, heardMs } = shown
  return (
    <Panel title={`Consumer groups over ${link}`} shown={shown} command={commandOf('groups', '--link', link)}>
      <p role="status">{plural(body?.total ?? 0, 'consumer group')}</p>
      <Table
        caption="Consumer groups and their positions"
        empty="No consumer group of this link has a position."
        rows={body?.groups ?? []}
        keyOf={({ group }) => group}
        columns={[
          { title: 'Group', cell: ({ group }) => <a href={linkTo(['groups'], { link, group })}>{group}</a> },
          { title: 'State', cell: (one) => <StateMark group={one} /> },
          { title: 'Positions', isNumber: true, cell: ({ positions }) => count(positions.length) },
          { title: 'Would read again', isNumber: true, cell: ({ rereadRecords }) => count(rereadRecords) },
          {
            title: 'In step',
            cell: ({ syncAgeSeconds }) => (
              <Age heardMs={heardMs} seconds={syncAgeSeconds} label="" staleSeconds={IN_STEP_SECONDS} />
            ),
          },
          { title: 'Why', cell: ({ reason }) => reason },
        ]}
      />
      {body?.next !== null && body?.next !== undefined && (
        <p>
          <a href={linkTo(['groups'], { link, after: body.next })}>The next {PAGE}</a>
        </p>
      )}
      {after !== undefined && (
        <p>
          <a href={linkTo(['groups'], { link })}>From the beginning</a>
        </p>
      )}
    </Panel>
  )
}

function Positions({ link, group }: { readonly link: string; readonly group: string }) {
  const query = new URLSearchParams({ group })
  const shown = useApi<GroupsBody>(`/links/${encodeURIComponent(link)}/groups?${query}`)
  const found: GroupBody | undefined = shown.body?.groups[0]
  return (
    <Panel title={group} shown={shown} command={commandOf('offsets', 'translate', '--link', link, '--group', group)}>
      <p>
        <a href={linkTo(['groups'], { link })}>All consumer groups of {link}</a>
      </p>
      {found !== undefined && (
        <p>
          <StateMark group={found} /> {found.reason}{' '}
          <Age heardMs={shown.heardMs} seconds={found.syncAgeSeconds} label="in step" staleSeconds={IN_STEP_SECONDS} />
        </p>
      )}
      <Table
        caption={`Positions of ${group}`}
        empty="It has no position in a topic of this link."
        rows={found?.positions ?? []}
        keyOf={({ topic, partition }) => `${topic}:${partition}`}
        columns={[
          { title: 'Topic', cell: ({ topic }) => topic },
          { title: 'Partition', isNumber: true, cell: ({ partition }) => partition },
          { title: 'At source', isNumber: true, cell: ({ sourceOffset }) => count(sourceOffset) },
          { title: 'On target', isNumber: true, cell: ({ targetOffset }) => count(targetOffset) },
          { title: 'Copy behind', isNumber: true, cell: ({ behindRecords }) => count(behindRecords) },
          { title: 'Would read again', isNumber: true, cell: ({ rereadRecords }) => count(rereadRecords) },
        ]}
      />
    </Panel>
  )
}
