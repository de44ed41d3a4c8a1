import type { FailoverGroupSummary, RegionsBody } from '../../api/contract/index.ts'
import type { Exposure } from './exposure.ts'

export interface GroupVerdict {
  readonly level: 'good' | 'warning' | 'bad' | 'unknown'
  readonly words: string
}

interface Seen {
  /** Undefined while the API has not told. */
  readonly regions: RegionsBody['regions'] | undefined
  readonly exposures: readonly Exposure[]
}

/** Regions that were lost, or are on their way back. Pure. */
export function awayOf({ regions }: Pick<FailoverGroupSummary, 'regions'>): FailoverGroupSummary['regions'] {
  return regions.filter(({ role }) => role !== 'active' && role !== 'standby')
}

/** The worst that is the matter with a group: it is good only where a move away from its region could be made. Pure. */
export function judgeGroup(group: FailoverGroupSummary, { regions, exposures }: Seen): GroupVerdict {
  const verdictOf = (name: string) => regions?.find(({ region }) => region === name)?.verdict
  const active = verdictOf(group.active)
  const standbys = group.regions.filter(({ role }) => role === 'standby')
  const ill = standbys.find(({ region }) => (verdictOf(region) ?? 'up') !== 'up')
  const [away] = awayOf(group)
  if (group.needsOperator) return { level: 'bad', words: 'needs a person' }
  if (active === 'down') return { level: 'bad', words: 'the active region is down' }
  if (group.operation !== null) return { level: 'warning', words: 'moving' }
  if (standbys.length === 0) return { level: 'bad', words: 'nothing stands by' }
  if (active !== undefined && active !== 'up') return { level: 'warning', words: `the active region is ${active}` }
  if (away !== undefined) return { level: 'warning', words: `${away.region} is ${away.role}` }
  if (ill !== undefined) return { level: 'warning', words: `${ill.region} is ${verdictOf(ill.region) ?? 'not known'}` }
  if (group.regions.some(({ unfenced }) => unfenced !== null))
    return { level: 'warning', words: 'a standby is not fenced' }
  if (group.isPaused) return { level: 'warning', words: 'moves are paused' }
  if (active === undefined) return { level: 'unknown', words: 'health not known' }
  if (exposures.some(({ link, level }) => link !== undefined && level === 'unknown'))
    return { level: 'warning', words: 'what you would lose is not known' }
  return { level: 'good', words: 'as it should be' }
}
