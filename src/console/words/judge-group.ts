import type { FailoverGroupSummary, RegionsBody } from '../../api/contract/index.ts'
import type { Exposure } from './exposure.ts'
import { ago, duration, plural } from './numbers.ts'

export interface GroupVerdict {
  readonly level: 'good' | 'warning' | 'bad' | 'unknown'
  readonly words: string
  /** What to do about it: the id of a runbook, and the parameters of it that are known. */
  readonly runbook?: readonly [id: string, params: Readonly<Record<string, string>>]
}

/** What the overview has heard beside the group. */
export interface Seen {
  /** Age of what is said of the group and its links. */
  readonly ageSeconds: number
  /** Undefined where the API has not told, or not lately. */
  readonly regions: RegionsBody['regions'] | undefined
  readonly exposures: readonly Exposure[]
}

/** What was heard longer ago says nothing of now. */
export const HEARD_LIMIT_SECONDS = 10
/** That of the alert `IsthmusLagHigh`. */
const LAG_LIMIT_SECONDS = 60

/** Regions that were lost, or are on their way back. Pure. */
export function awayOf({ regions }: Pick<FailoverGroupSummary, 'regions'>): FailoverGroupSummary['regions'] {
  return regions.filter(({ role }) => role !== 'active' && role !== 'standby')
}

/** The worst that is the matter with a group: it is good only where nothing is, and all of that was heard lately. Pure. */
export function judgeGroup(group: FailoverGroupSummary, seen: Seen): GroupVerdict {
  if (seen.ageSeconds > HEARD_LIMIT_SECONDS) {
    return { level: 'unknown', words: `not known: the API last answered ${ago(seen.ageSeconds)}` }
  }
  return (
    judgeMove(group, seen) ??
    judgeRegions(group, seen) ??
    judgeCopies(seen.exposures) ??
    judgeRest(group, seen) ?? { level: 'good', words: 'as it should be' }
  )
}

function judgeMove(group: FailoverGroupSummary, { regions }: Seen): GroupVerdict | undefined {
  const known = { group: group.group }
  const stuck = group.regions.find(({ waiting }) => waiting !== null)
  if (group.needsOperator) {
    const verdict = { level: 'bad', words: 'needs a person' } as const
    if (group.operation !== null) return { ...verdict, runbook: ['operation-stopped', known] }
    if (stuck !== undefined) return { ...verdict, runbook: ['region-returned', { ...known, region: stuck.region }] }
    return { ...verdict, runbook: ['region-lost', known] }
  }
  if (regions?.find(({ region }) => region === group.active)?.verdict === 'down')
    return { level: 'bad', words: 'the active region is down', runbook: ['region-lost', known] }
  return group.operation === null ? undefined : { level: 'warning', words: 'moving' }
}

function judgeRegions(group: FailoverGroupSummary, { regions }: Seen): GroupVerdict | undefined {
  const known = { group: group.group }
  const standbys = group.regions.filter(({ role }) => role === 'standby')
  const [away] = awayOf(group)
  const return_ = away && (['region-returned', { ...known, region: away.region }] as const)
  if (standbys.length === 0) return { level: 'bad', words: 'nothing stands by', ...(return_ && { runbook: return_ }) }
  const verdictOf = (name: string) => regions?.find(({ region }) => region === name)?.verdict ?? 'not known'
  const alarm = (region: string) => ['false-alarm', { region }] as const
  const active = verdictOf(group.active)
  if (regions !== undefined && active !== 'up')
    return { level: 'warning', words: `the active region is ${active}`, runbook: alarm(group.active) }
  if (away !== undefined)
    return { level: 'warning', words: `${away.region} is ${away.role}`, ...(return_ && { runbook: return_ }) }
  if (regions === undefined) return { level: 'unknown', words: 'health not known' }
  const ill = standbys.find(({ region }) => verdictOf(region) !== 'up')?.region
  if (ill !== undefined) return { level: 'warning', words: `${ill} is ${verdictOf(ill)}`, runbook: alarm(ill) }
  const open = standbys.find(({ unfenced }) => unfenced !== null)?.region
  if (open === undefined) return undefined
  return { level: 'warning', words: `${open} is not fenced`, runbook: ['acl-drift', { ...known, region: open }] }
}

function judgeCopies(exposures: readonly Exposure[]): GroupVerdict | undefined {
  for (const { standby, link, name, lagSeconds, level } of exposures) {
    const { state = 'running', hangingFlows = 0 } = link ?? {}
    const runbook = ['link-stalled', { link: name }] as const
    if (state !== 'running')
      return { level: state === 'stopped' ? 'bad' : 'warning', words: `the copy to ${standby} is ${state}`, runbook }
    if (hangingFlows > 0)
      return { level: 'warning', words: `transactions hang, and ${standby} waits for them`, runbook }
    if (lagSeconds !== null && lagSeconds > LAG_LIMIT_SECONDS)
      return { level: 'warning', words: `${standby} is ${duration(lagSeconds)} behind`, runbook }
    if (level === 'unknown')
      return { level: 'warning', words: `what you would lose at ${standby} is not known`, runbook }
  }
  return undefined
}

function judgeRest(group: FailoverGroupSummary, { exposures }: Seen): GroupVerdict | undefined {
  const { openIncidents } = group
  const known = { group: group.group }
  const stayed = group.regions.find(({ members }) => members !== null && members > 0)?.region
  if (openIncidents > 0) return { level: 'warning', words: `${plural(openIncidents, 'incident')} to acknowledge` }
  if (group.isPaused) return { level: 'warning', words: 'moves are paused', runbook: ['operation-stopped', known] }
  if (stayed !== undefined) return { level: 'warning', words: `clients are still in ${stayed}` }
  if (group.lastDrill?.outcome === 'failed')
    return { level: 'warning', words: 'its last drill failed', runbook: ['drill-failed', known] }
  if (exposures.some(({ level }) => level === 'elsewhere'))
    return { level: 'unknown', words: 'what you would lose is not known here' }
  return undefined
}
