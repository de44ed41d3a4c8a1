import type { GroupStatus, LinkStatus } from '../replication/index.ts'
import type { GroupBody, GroupsBody, GroupsQuery } from './contract/index.ts'

const GROUPS_A_PAGE = 100
/** Whose positions are to be in step: the others are left alone on purpose. */
const FOLLOWED: ReadonlySet<GroupStatus['state']> = new Set(['synced', 'not-copied', 'failed'])

/** A page of groups in the order of their names. */
export function viewGroups(link: LinkStatus, query: GroupsQuery, nowMs: number): GroupsBody {
  const { limit = GROUPS_A_PAGE, after, state, group: wanted } = query
  const matching = link.groups
    .filter((group) => (state ?? group.state) === group.state && (wanted ?? group.group) === group.group)
    .sort((a, b) => compareNames(a.group, b.group))
  const rest = after === undefined ? matching : matching.filter(({ group }) => compareNames(group, after) > 0)
  const page = rest.slice(0, limit)
  const next = rest.length > page.length ? (page.at(-1)?.group ?? null) : null
  return { link: link.link, total: matching.length, next, groups: page.map((group) => viewGroup(group, nowMs)) }
}

export function viewGroup(group: GroupStatus, nowMs: number): GroupBody {
  const { syncedAtMs, positions } = group
  return { ...group, syncAgeSeconds: ageSeconds(syncedAtMs, nowMs), positions: positions.map((one) => ({ ...one })) }
}

export interface GroupSums {
  readonly groups: number
  /** The most of any group that is followed; null where there is none, or one was never in step. */
  readonly positionsAgeSeconds: number | null
  /** Over all followed groups; null where one of them is not known. */
  readonly rereadRecords: number | null
  /** The first ones that would read again, or may. */
  readonly rereadingGroups: string[]
}

const REREADING_MAX = 20

export function sumGroups({ groups }: LinkStatus, nowMs: number): GroupSums {
  const followed = groups.filter(({ state }) => FOLLOWED.has(state))
  let positionsAgeSeconds: number | null = followed.length === 0 ? null : 0
  let rereadRecords: number | null = 0
  for (const group of followed) {
    const age = ageSeconds(group.syncedAtMs, nowMs)
    if (positionsAgeSeconds !== null) positionsAgeSeconds = age === null ? null : Math.max(positionsAgeSeconds, age)
    if (rereadRecords !== null)
      rereadRecords = group.rereadRecords === null ? null : rereadRecords + group.rereadRecords
  }
  const rereading = followed.filter((group) => group.rereadRecords !== 0).map(({ group }) => group)
  return {
    groups: groups.length,
    positionsAgeSeconds,
    rereadRecords,
    rereadingGroups: rereading.sort(compareNames).slice(0, REREADING_MAX),
  }
}

function ageSeconds(atMs: number | null, nowMs: number): number | null {
  return atMs === null ? null : Math.max(0, nowMs - atMs) / 1_000
}

function compareNames(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
