import type { SecurityDriftBody } from '../../api/contract/index.ts'
import { Cli } from '../parts/cli.tsx'
import { Mark } from '../parts/mark.tsx'
import { Table } from '../parts/table.tsx'
import { commandOf } from '../words/command.ts'
import { count, plural } from '../words/numbers.ts'

type One = SecurityDriftBody['drifts'][number]
type AclEntry = One['missing'][number]

/** Of each kind, in the page; the command shows all. */
const ENTRIES_MOST = 50

/** How the regions differ from the policies. What is wrong stands first, entry by entry. */
export function Drift({ body: { drifts, entries, troubles } }: { readonly body: SecurityDriftBody }) {
  const differing = drifts.filter((one) => differencesOf(one) > 0)
  return (
    <>
      <p class="lead">
        {drifts.length === 0 && troubles.length === 0 ? (
          <Mark level="unknown">No policy is configured: nothing says who may do what</Mark>
        ) : entries > 0 ? (
          <Mark level="warning">{`${plural(entries, 'difference', 'differences')} from the policies`}</Mark>
        ) : troubles.length > 0 ? (
          <Mark level="unknown">Not every region could be looked at</Mark>
        ) : (
          <Mark level="good">Every region is as its policies say</Mark>
        )}
      </p>
      {troubles.map(({ owner, region, reason, remedy }) => (
        <div key={`${owner} ${region}`} class="problem">
          <strong>
            {region}, policy of {owner}: {reason}
          </strong>
          <p>{remedy}</p>
        </div>
      ))}
      {drifts.length > 0 && (
        <Table
          caption="Policies and how regions differ from them"
          empty=""
          rows={drifts}
          keyOf={({ owner, region }) => `${owner} ${region}`}
          columns={[
            { title: 'Policy of', cell: ({ owner }) => owner },
            { title: 'Region', cell: ({ region }) => region },
            { title: 'Missing', isNumber: true, cell: ({ missing }) => count(missing.length) },
            { title: 'Changed', isNumber: true, cell: ({ changed }) => count(changed.length) },
            { title: 'No longer declared', isNumber: true, cell: ({ extraOwned }) => count(extraOwned.length) },
            { title: 'By others', isNumber: true, cell: ({ extraForeign }) => count(extraForeign.length) },
          ]}
        />
      )}
      {differing.map((one) => (
        <Differences key={`${one.owner} ${one.region}`} drift={one} />
      ))}
    </>
  )
}

function differencesOf({ missing, changed, extraOwned, extraForeign, users, quotas }: One): number {
  return [missing, changed, extraOwned, extraForeign, users, quotas].reduce((sum, { length }) => sum + length, 0)
}

function Differences({ drift }: { readonly drift: One }) {
  const { owner, region, missing, changed, extraOwned, extraForeign } = drift
  const entries = [
    ...missing.map((entry) => ({ what: 'missing', entry })),
    ...changed.map(({ found }) => ({ what: 'changed, as it is there', entry: found })),
    ...extraOwned.map((entry) => ({ what: 'no longer declared', entry })),
    ...extraForeign.map((entry) => ({ what: 'put up by others', entry })),
  ]
  return (
    <details>
      <summary>{`${region}, policy of ${owner}: ${plural(differencesOf(drift), 'difference', 'differences')}`}</summary>
      <Accounts drift={drift} />
      <Table
        caption={`What differs in ${region} from the policy of ${owner}`}
        empty="No entry differs."
        rows={entries.slice(0, ENTRIES_MOST)}
        keyOf={({ what, entry }) => `${what} ${Object.values(entry).join(' ')}`}
        columns={[
          { title: 'Difference', cell: ({ what }) => what },
          { title: 'Principal', cell: ({ entry }) => entry.principal },
          { title: 'May', cell: ({ entry }) => `${entry.permission} ${entry.operation}` },
          { title: 'On', cell: ({ entry }) => resourceOf(entry) },
          { title: 'From', cell: ({ entry }) => (entry.host === '*' ? 'everywhere' : entry.host) },
        ]}
      />
      {entries.length > ENTRIES_MOST && <p class="faint">The first {ENTRIES_MOST}; the command shows all.</p>}
      <Cli command={commandOf('security', 'plan', '--owner', owner, '--region', region)} />
    </details>
  )
}

/** SCRAM users and quotas that are not there, or not as declared. */
function Accounts({ drift: { users, quotas } }: { readonly drift: One }) {
  const lines = [
    ...users.map(({ user, mechanism, reason }) => `User ${user} of ${mechanism}: ${reason}`),
    ...quotas.map(({ entity, key, value, found }) => {
      const whose = entity.map(({ type, name }) => `${type} ${name ?? '(all others)'}`).join(', ')
      return `Quota ${key} of ${whose}: declared ${value}, found ${found ?? 'none'}`
    }),
  ]
  if (lines.length === 0) return null
  return (
    <ul>
      {lines.slice(0, ENTRIES_MOST).map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

function resourceOf({ resource, name, pattern }: AclEntry): string {
  return `${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
}
