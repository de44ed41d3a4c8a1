import type { FailoverGroupSummary, LinkBody, StatusBody } from '../../api/contract/index.ts'
import { count, duration, plural } from './numbers.ts'

/** What the loss of the active region would cost, for one standby. */
export interface Exposure {
  readonly standby: string
  /** Undefined where this process does not copy to it. */
  readonly link: LinkBody | undefined
  readonly sentence: string
  /** `unknown`: a number is missing, or is older than it should be. `elsewhere`: only other processes have all of it. */
  readonly level: 'none' | 'some' | 'unknown' | 'elsewhere'
}

/** Ends of the source that are older than this say little about now. */
export const FRESH_SECONDS = 15

/** Whether the end of the source was seen once, and not lately: then nothing is known of how far the copy is. Pure. */
export function isSourceUnseen(lagAgeSeconds: number | null): boolean {
  return lagAgeSeconds !== null && lagAgeSeconds > FRESH_SECONDS
}

/** In the ranks of the group, standbys only. Pure. */
export function exposuresOf(group: FailoverGroupSummary, status: StatusBody): Exposure[] {
  return group.regions
    .filter(({ role }) => role === 'standby')
    .map(({ region }) => exposureOf(group, region, findLink(status.links, group, region)))
}

export function findLink(
  links: readonly LinkBody[],
  { group, active }: Pick<FailoverGroupSummary, 'group' | 'active'>,
  standby: string,
): LinkBody | undefined {
  return links.find(({ link }) => link === `${group}-${active}-to-${standby}`)
}

function exposureOf({ active }: FailoverGroupSummary, standby: string, link: LinkBody | undefined): Exposure {
  if (link === undefined) {
    const sentence = `What you would lose at ${standby} is not known here: another process copies to it.`
    return { standby, link, sentence, level: 'elsewhere' }
  }
  const { lagRecords, lagSeconds, lagUnknownFlows, lagAgeSeconds, flows } = link
  const known = lagRecords === null ? '' : ` At least ${plural(lagRecords, 'record')}.`
  if (lagUnknownFlows > 0) {
    const sentence = `What you would lose at ${standby} is not known: the lag of ${plural(lagUnknownFlows, 'partition')} is not.${known}`
    return { standby, link, sentence, level: 'unknown' }
  }
  if (flows.elsewhere > 0) {
    const others = flows.elsewhere === 1 ? '1 partition is' : `${count(flows.elsewhere)} partitions are`
    const sentence = `What you would lose at ${standby} is not known here: ${others} copied by other replicators.${known}`
    return { standby, link, sentence, level: 'elsewhere' }
  }
  if (lagRecords === null) {
    const sentence = `What you would lose at ${standby} is not known: no partition is copied to it yet.`
    return { standby, link, sentence, level: 'unknown' }
  }
  const isOld = lagAgeSeconds === null || lagAgeSeconds > FRESH_SECONDS
  const loss =
    lagRecords === 0
      ? 'nothing that was seen at the source'
      : `${plural(lagRecords, 'record')}, the oldest ${duration(lagSeconds)} old`
  const since = isOld
    ? ` The end of ${active} was last seen ${duration(lagAgeSeconds)} ago: what came since is not in it.`
    : ''
  const sentence = `If ${active} were lost now, ${standby} would lack ${loss}.${since}`
  return { standby, link, sentence, level: isOld ? 'unknown' : lagRecords === 0 ? 'none' : 'some' }
}

/** Which consumer groups would read records again at a standby. Pure. */
export function describeRereads({ rereadRecords, rereadingGroups, groups }: LinkBody): string {
  if (groups === 0) return 'No consumer group has a position there.'
  if (rereadingGroups.length === 0) return `None of ${plural(groups, 'consumer group')} would read anything again.`
  const names = rereadingGroups.join(', ')
  return rereadRecords === null
    ? `These consumer groups may read records again, how many is not known: ${names}.`
    : `These consumer groups would read ${count(rereadRecords)} records again: ${names}.`
}

/** `eu-west is active` and what is the matter with it. Pure. */
export function describeGroup(group: FailoverGroupSummary): string {
  const { active, operation, isPaused, regions } = group
  const standbys = regions.filter(({ role }) => role === 'standby').map(({ region }) => region)
  const away = regions.filter(({ role }) => role !== 'standby' && role !== 'active')
  const parts = [
    standbys.length === 0
      ? 'nothing stands by'
      : `${standbys.join(', ')} ${standbys.length === 1 ? 'stands' : 'stand'} by`,
    ...away.map(({ region, role }) => `${region} is ${role}`),
    ...(operation === null ? [] : [operation]),
    ...(isPaused ? ['moves are paused'] : []),
  ]
  return `${active} is active; ${parts.join('; ')}.`
}
