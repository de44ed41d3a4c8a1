import { createHash } from 'node:crypto'
import { type ResolvedPolicies, resolvePolicies } from '../policies.ts'
import type { Selection } from '../topics/selection.ts'

/**
 * What a replicator does into a target: link name to a digest of all that decides which records it copies and how. How
 * fast is not part of it. Replicators whose work is not the same must not share shards: a flow that only one of them
 * knows would fall to the other, and stand still.
 */
export type LinkWork = ReadonlyMap<string, string>

const DIGEST_CHARS = 16
const NAMES_MAX = 3

/** What of a link has to be the same. */
interface WorkingLink {
  readonly name: string
  readonly source: string
  readonly topics: Selection
  readonly groups: Selection
  readonly rename?: string | undefined
  readonly start: unknown
  readonly policies?: ResolvedPolicies
  readonly deletions?: unknown
  readonly transform?: unknown
}

export function workOf(links: readonly WorkingLink[]): LinkWork {
  const digests = links.map((link): [string, string] => {
    const { name, source, topics, groups, rename, start, policies, deletions, transform } = link
    const selections = [topics, groups].map(({ include, exclude }) => [include.toSorted(), exclude.toSorted()])
    const ways = { policies: policies ?? resolvePolicies(), deletions, transform }
    return [name, digest({ source, selections, rename, start, ...ways })]
  })
  return new Map(digests.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Equal for works that are the same. */
export function digestWork(work: LinkWork): string {
  return digest([...work])
}

/** For people: what differs, seen from the one whose work counts. */
export function explainDifference(counts: LinkWork, other: LinkWork): string {
  const both = [...counts].filter(([link]) => other.has(link))
  const parts = [
    list(
      'lacks link',
      [...counts.keys()].filter((link) => !other.has(link)),
    ),
    list(
      'has also link',
      [...other.keys()].filter((link) => !counts.has(link)),
    ),
    list(
      'has other settings for link',
      both.flatMap(([link, settings]) => (other.get(link) === settings ? [] : [link])),
    ),
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function list(what: string, links: readonly string[]): string {
  if (links.length === 0) return ''
  const more = links.length > NAMES_MAX ? ` and ${links.length - NAMES_MAX} more` : ''
  return `${what} ${links.slice(0, NAMES_MAX).join(', ')}${more}`
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex').slice(0, DIGEST_CHARS)
}

/** The order in which somebody has written the keys must not matter. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
