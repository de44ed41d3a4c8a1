import type { CopyBody, FailoverGroupSummary, LinkBody, StatusBody } from '../../api/contract/index.ts'
import { count, duration, plural } from './numbers.ts'

/** What the loss of the active region would cost, for one standby. */
export interface Exposure {
  readonly standby: string
  /** Name of the link that copies to it. */
  readonly name: string
  /** Undefined where this process does not copy to it. */
  readonly link: LinkBody | undefined
  readonly sentence: string
  /** Of the whole link; null where it is not known. */
  readonly lagSeconds: number | null
  /** When the source was last seen; null where that is not known. */
  readonly lagAgeSeconds: number | null
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
export function exposuresOf(group: FailoverGroupSummary, status: Pick<StatusBody, 'links' | 'copies'>): Exposure[] {
  return group.regions
    .filter(({ role }) => role === 'standby')
    .map(({ region: standby }) => {
      const name = `${group.group}-${group.active}-to-${standby}`
      const link = status.links.find((one) => one.link === name)
      const copy = status.copies.find((one) => one.link === name)
      return { standby, name, link, ...exposureOf(group.active, standby, { link, copy }) }
    })
}

type Copies = Pick<Exposure, 'link'> & { readonly copy: CopyBody | undefined }

type Told = Omit<Exposure, 'standby' | 'name' | 'link'>

function exposureOf(active: string, standby: string, copies: Copies): Told {
  const whole = wholeOf(copies)
  if (whole === undefined) return describePart(standby, copies.copy)
  const { lagRecords, lagSeconds, lagUnknownFlows, lagAgeSeconds } = whole
  const lag = { lagSeconds, lagAgeSeconds }
  const unknown = `What you would lose at ${standby} is not known`
  if (lagUnknownFlows > 0) {
    const known = lagRecords === null ? '' : ` At least ${plural(lagRecords, 'record')}.`
    const sentence = `${unknown}: the lag of ${plural(lagUnknownFlows, 'partition')} is not.${known}`
    return { ...lag, sentence, level: 'unknown' }
  }
  if (lagRecords === null) {
    return { ...lag, sentence: `${unknown}: no partition is copied to it yet.`, level: 'unknown' }
  }
  const isOld = lagAgeSeconds === null || lagAgeSeconds > FRESH_SECONDS
  const sentence = describeLoss(active, standby, { ...whole, lagRecords })
  return { ...lag, sentence, level: isOld ? 'unknown' : lagRecords === 0 ? 'none' : 'some' }
}

/** Of a link of which nobody has all flows. */
function describePart(standby: string, copy: CopyBody | undefined): Told {
  const unknown = `What you would lose at ${standby} is not known`
  if (copy === undefined || copy.toldFlows === 0) {
    const sentence = `${unknown}: no process tells of a copy to it.`
    return { lagSeconds: null, lagAgeSeconds: null, sentence, level: 'elsewhere' }
  }
  const { lagRecords, lagSeconds, lagAgeSeconds, toldFlows, flows } = copy
  const heard = `the processes that are heard have ${count(toldFlows)} of its ${plural(flows, 'partition')}`
  const known = ` At least ${plural(lagRecords ?? 0, 'record')}.`
  return { lagSeconds, lagAgeSeconds, sentence: `${unknown}: ${heard}.${known}`, level: 'elsewhere' }
}

function describeLoss(
  active: string,
  standby: string,
  { lagRecords, lagSeconds, lagAgeSeconds, processes }: Whole & { readonly lagRecords: number },
): string {
  const loss =
    lagRecords === 0
      ? 'nothing that was seen at the source'
      : `${plural(lagRecords, 'record')}, the oldest ${duration(lagSeconds)} old`
  const since =
    lagAgeSeconds === null || lagAgeSeconds > FRESH_SECONDS
      ? ` The end of ${active} was last seen ${duration(lagAgeSeconds)} ago: what came since is not in it.`
      : ''
  const sum = processes > 1 ? ` That is the sum of ${count(processes)} processes.` : ''
  return `If ${active} were lost now, ${standby} would lack ${loss}.${since}${sum}`
}

type Whole = Pick<CopyBody, 'lagRecords' | 'lagSeconds' | 'lagUnknownFlows' | 'lagAgeSeconds' | 'processes'>

/** What this process says where it has all flows, else the sum of all processes; undefined where flows are missing. */
function wholeOf({ link, copy }: Copies): Whole | undefined {
  if (link !== undefined && link.flows.elsewhere === 0) return { ...link, processes: 1 }
  return copy !== undefined && copy.flows > 0 && copy.toldFlows === copy.flows ? copy : undefined
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
