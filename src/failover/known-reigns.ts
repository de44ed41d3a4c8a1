import type { RegionCopies } from '../authority/index.ts'
import { groupKey } from './state.ts'

/**
 * What the regions' copies of the state say against an authority: pure. One that was lost or set back knows of fewer
 * reigns than the regions do, and whoever acted by it would fence the region that is active.
 */
type Copies = readonly Pick<RegionCopies, 'region' | 'sight' | 'strays' | 'refused' | 'trouble'>[]

const RESTORE = 'stop the controllers and use `isthmus authority restore`'

/** Why a group that the authority does not have is not recorded as its first reign; undefined where it may be. */
export function explainKnownReign(group: string, copies: Copies): string | undefined {
  const key = groupKey(group)
  const knowing = copies.filter(({ strays }) => strays.includes(key)).map(({ region }) => region)
  if (knowing.length > 0) {
    return `the authority does not have it, but ${knowing.join(', ')} holds a copy of it: ${RESTORE}`
  }
  const unread = copies.filter(({ sight }) => sight !== 'read')
  if (unread.length === 0) return undefined
  const why = unread.map(({ region, trouble }) => `${region} (${trouble ?? 'not looked at lately'})`)
  return `whether it was recorded before is not known while these regions do not tell: ${why.join(', ')}`
}

/** Why nobody may act by the authority; undefined where nothing speaks against it. A region that is away says nothing. */
export function explainDistrust(copies: Copies): string | undefined {
  const against = copies.find(({ refused }) => refused.length > 0)
  if (against !== undefined) {
    const { region, refused } = against
    const [{ key, why } = { key: '', why: 'newer' }] = refused
    return why === 'newer'
      ? `${region} holds ${key} newer than the authority does: ${RESTORE}`
      : `${region} holds ${key} of another authority: give every controller the same one, or where the other one is lost, ${RESTORE}`
  }
  const untried = copies.filter(({ sight }) => sight === 'untried').map(({ region }) => region)
  return untried.length === 0
    ? undefined
    : `the copies of the state in ${untried.join(', ')} have not been looked at lately`
}
