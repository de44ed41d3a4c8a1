import { regionName } from '../core/index.ts'
import { CANARY_PREFIX } from '../replication/index.ts'
import { type DrillSchedule, type DrillWindow, explainBadCron, isTimeZone } from '../failover/index.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { Entry, UsableConfig } from './validate.ts'

type GroupFile = UsableConfig['failoverGroups'][number]['entry']
type DrillFile = NonNullable<GroupFile['drills']>[number]
type WindowFile = NonNullable<DrillFile['blocked']>[number]

/** The schedules with defaults filled in. */
export function resolveDrills({ drills = [] }: Pick<GroupFile, 'drills'>): DrillSchedule[] {
  return drills.map(({ name, cron, timezone = 'UTC', level, region, staySeconds, allowed, blocked = [] }) => ({
    name,
    cron,
    timezone,
    level,
    region: region === undefined ? undefined : regionName(region),
    stayMs: (staySeconds ?? DEFAULT_STAY_SECONDS) * 1_000,
    allowed: allowed?.map(windowOf),
    blocked: blocked.map(windowOf),
  }))
}

export const DEFAULT_STAY_SECONDS = 30

function windowOf({ days, from = '00:00', to = '24:00', dates }: WindowFile): DrillWindow {
  const [first, last] = dates?.split('/') ?? []
  return { days, from, to, ...(first !== undefined && last !== undefined && { dates: { first, last } }) }
}

/** Name of the failover group that canary drills of a group move. */
export function canaryGroupName(group: string): string {
  return `${group}-canary`
}

/** Whether drills of level canary can be ordered: the group asks for them. */
export function hasCanary({ canary, drills = [] }: Pick<GroupFile, 'canary' | 'drills'>): boolean {
  return canary ?? drills.some(({ level }) => level === 'canary')
}

/**
 * The groups that canary drills move, as if the file had them: in the same regions, behind the same kind of fences, on a
 * prefix that no other selection takes. They route nobody.
 */
export function canaryGroups(groups: UsableConfig['failoverGroups']): Entry<GroupFile>[] {
  return groups
    .filter(({ entry }) => hasCanary(entry))
    .map(({ at, entry: { name, regions, failover } }) => {
      const own = { include: [`${CANARY_PREFIX}${name}.*`] }
      const entry = {
        name: canaryGroupName(name),
        regions,
        topics: own,
        consumerGroups: own,
        failover: { ...failover, mode: 'manual' as const, cooldownSeconds: 0 },
      }
      return { at, entry }
    })
}

/** The group whose drills move this one; null for one that the file has. */
export function canaryOwner({
  name,
  topics,
}: {
  readonly name: string
  readonly topics: { include: string[] }
}): string | null {
  const owner = name.slice(0, -canaryGroupName('').length)
  return topics.include[0] === `${CANARY_PREFIX}${owner}.*` ? owner : null
}

export function checkDrills(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry: group } of file.failoverGroups) {
    const path: Path = ['failoverGroups', at, 'drills']
    if (group.canary === false && group.drills?.some(({ level }) => level === 'canary')) {
      problems.error(
        ['failoverGroups', at, 'canary'],
        'a drill of the level canary is scheduled',
        'remove one of the two',
      )
    }
    const seen = new Map<string, number>()
    for (const [index, drill] of (group.drills ?? []).entries()) {
      const first = seen.get(drill.name)
      if (first !== undefined) {
        problems.error(
          [...path, index, 'name'],
          `"${drill.name}" is already drills[${first}]`,
          'give each its own name',
        )
      }
      seen.set(drill.name, first ?? index)
      checkDrill(drill, [...path, index], { regions: group.regions, problems })
    }
  }
}

function checkDrill(
  { cron, timezone = 'UTC', region, allowed = [], blocked = [] }: DrillFile,
  path: Path,
  { regions, problems }: { readonly regions: readonly string[]; readonly problems: ProblemCollector },
): void {
  const why = explainBadCron(cron)
  if (why !== undefined) {
    problems.error([...path, 'cron'], `"${cron}" is no schedule: ${why}`, 'write it like "0 6 * * 2", Tuesdays at six')
  }
  if (!isTimeZone(timezone)) {
    problems.error([...path, 'timezone'], `"${timezone}" is no time zone`, 'write it like Europe/Paris, or UTC')
  }
  if (region !== undefined && !regions.includes(region)) {
    problems.error([...path, 'region'], `"${region}" is no region of the group`, `use one of ${regions.join(', ')}`)
  }
  for (const [at, window] of allowed.entries()) checkWindow(window, [...path, 'allowed', at], problems)
  for (const [at, window] of blocked.entries()) checkWindow(window, [...path, 'blocked', at], problems)
}

function checkWindow(
  { dates, from = '00:00', to = '24:00' }: WindowFile,
  path: Path,
  problems: ProblemCollector,
): void {
  if (from === to) problems.error(path, `from ${from} to ${to} is no time at all`, 'correct one of them')
  if (dates === undefined) return
  const [first = '', last = ''] = dates.split('/')
  const isReal = [first, last].every((date) => !Number.isNaN(Date.parse(date)))
  if (isReal && first <= last) return
  problems.error([...path, 'dates'], `"${dates}" is no stretch of days`, 'write the first day, then the last')
}
