import type { RegionName } from '../core/index.ts'
import type { HealthLevel } from './health.ts'
import type { HealthTimings } from './options.ts'
import type { HeardReport, VantageReport } from './report.ts'

/**
 * What several vantage points together say about one region, seen from this one. Pure.
 *
 * What always holds: an observer in doubt judges nothing; `down` is said only when this observer finds the region down,
 * nobody who is heard finds it up, and a majority of at least three known vantage points find it down. A vantage point
 * that is not heard of counts in the majority and has no vote; one that reaches no region but the one it stands in says
 * nothing about the others.
 */
export type Verdict =
  /** Reached from here, and nobody's majority says otherwise. */
  | 'up'
  /** Not reached from here, for too short a time to say more; or it turns this observer away. */
  | 'suspect'
  /** A majority of at least three vantage points agrees. */
  | 'down'
  /** Down as seen from here, and nobody sees it up; too few others are heard to be sure. */
  | 'unconfirmed'
  /** This observer is the one that is cut off: from the region, or from everything. */
  | 'cut-off'
  /** Only vantage points inside the region see it up: its way to the others is broken, and clients inside go on writing. */
  | 'isolated'
  /** Up from here, down for the majority. */
  | 'contested'
  /** Nothing can be said: no sample yet, or this observer is in doubt. */
  | 'unknown'

export interface Judgement {
  readonly region: RegionName
  readonly verdict: Verdict
  /** A sentence with the numbers in it. */
  readonly reason: string
  /** Of every known vantage point, this one first. */
  readonly votes: readonly VantageVote[]
  /** More than half of the known vantage points, and at least two of three. */
  readonly majority: number
}

export interface VantageVote {
  readonly vantage: string
  readonly standsIn: RegionName | null
  readonly vote: 'up' | 'suspect' | 'down' | 'silent' | 'in-doubt' | 'cut-off' | 'no-view'
  /** Age of its report; 0 for this one. */
  readonly ageMs: number
}

export interface JudgeInput {
  readonly region: RegionName
  /** Every region that is watched from here. */
  readonly regions: readonly RegionName[]
  /** What this vantage point would tell the others now. */
  readonly own: VantageReport
  /** The newest report of every other vantage point that is not forgotten. */
  readonly heard: readonly HeardReport[]
}

const KNOWN_MIN = 3

export function judgeRegion(input: JudgeInput, { reportStaleMs }: Pick<HealthTimings, 'reportStaleMs'>): Judgement {
  const { region, own } = input
  const others = input.heard.map((heard) => voteOf(heard, input, reportStaleMs))
  const votes = [voteOf({ report: own, ageMs: 0 }, input, reportStaleMs), ...others]
  const majority = Math.floor(Math.max(votes.length, KNOWN_MIN) / 2) + 1
  const judge = (verdict: Verdict, reason: string): Judgement => ({ region, verdict, reason, votes, majority })
  const level = own.sees.get(region)
  if (own.doubt !== null) return judge('unknown', `this observer is in doubt: ${own.doubt}`)
  if (level === undefined) return judge('unknown', 'no look at it has ended of late')
  const tally = tallyVotes(region, others)
  if (level === 'healthy' || level === 'degraded') return judgeReached(judge, tally, majority)
  if (votes[0]?.vote === 'cut-off') return judge('cut-off', 'this observer reaches none of the regions it should')
  return judgeAway(judge, { level, tally, majority, known: votes.length })
}

interface Tally {
  readonly down: readonly string[]
  readonly upOutside: readonly string[]
  readonly upInside: readonly string[]
  readonly silent: readonly string[]
}

type Judge = (verdict: Verdict, reason: string) => Judgement

function judgeReached(judge: Judge, { down }: Tally, majority: number): Judgement {
  if (down.length < majority) return judge('up', 'it is reached from here')
  return judge('contested', `it is reached from here, but ${named(down)} find it down`)
}

function judgeAway(
  judge: Judge,
  { level, tally, majority, known }: { level: HealthLevel; tally: Tally; majority: number; known: number },
): Judgement {
  const { upOutside, upInside, down, silent } = tally
  if (level === 'suspect') {
    const others = [...upOutside, ...upInside]
    const elsewhere = others.length > 0 ? `; up for ${named(others)}` : ''
    return judge('suspect', `what is seen from here is not enough to call it down${elsewhere}`)
  }
  if (upOutside.length > 0) return judge('cut-off', `${named(upOutside)} see it up: this observer is cut off from it`)
  if (upInside.length > 0) {
    return judge('isolated', `it is up for ${named(upInside)}, inside it, and reached from nowhere else`)
  }
  const agreeing = down.length + 1
  if (agreeing >= majority && known >= KNOWN_MIN) {
    return judge('down', `${agreeing} of ${known} vantage points find it down, and none finds it up`)
  }
  if (known < KNOWN_MIN)
    return judge('unconfirmed', 'it is down from here, and there are no three vantage points to ask')
  const why = silent.length > 0 ? `; not heard of: ${named(silent)}` : ''
  return judge('unconfirmed', `${agreeing} of ${known} vantage points find it down, ${majority} are needed${why}`)
}

function tallyVotes(region: RegionName, others: readonly VantageVote[]): Tally {
  const namesOf = (isOne: (vote: VantageVote) => boolean) => others.filter(isOne).map(({ vantage }) => vantage)
  return {
    down: namesOf(({ vote }) => vote === 'down'),
    upOutside: namesOf(({ vote, standsIn }) => vote === 'up' && standsIn !== region),
    upInside: namesOf(({ vote, standsIn }) => vote === 'up' && standsIn === region),
    silent: namesOf(({ vote }) => vote === 'silent'),
  }
}

function voteOf({ report, ageMs }: HeardReport, { region, regions }: JudgeInput, reportStaleMs: number): VantageVote {
  const { vantage, standsIn, doubt, sees } = report
  const vote = (kind: VantageVote['vote']): VantageVote => ({ vantage, standsIn, vote: kind, ageMs })
  const level = sees.get(region)
  if (ageMs > reportStaleMs) return vote('silent')
  if (doubt !== null) return vote('in-doubt')
  if (level === undefined) return vote('no-view')
  if (level === 'healthy' || level === 'degraded') return vote('up')
  if (region !== standsIn && isCutOff(report, regions)) return vote('cut-off')
  return vote(level)
}

/**
 * Reaching none of the others says that the fault is on this side, where there are at least two of them. With one other
 * there is no telling.
 */
function isCutOff({ standsIn, sees }: VantageReport, regions: readonly RegionName[]): boolean {
  const others = regions.filter((region) => region !== standsIn && sees.has(region))
  const isAway = (region: RegionName) => sees.get(region) === 'down' || sees.get(region) === 'suspect'
  return others.length >= 2 && others.every(isAway)
}

const NAMED_MAX = 5

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).join(', ')
  return names.length > NAMED_MAX ? `${shown} and ${names.length - NAMED_MAX} more` : shown
}
