import { regionName } from '../../core/index.ts'
import type { GroupDocument, MoveWish } from '../../failover/index.ts'
import { explainPause } from '../../replication/index.ts'
import type { Looks } from './looks.ts'
import type { GatherParts } from './parts.ts'

/**
 * The links of the group that somebody has paused; undefined where a region that the move needs does not say. One that it
 * can do without, such as the region that a failover leaves, is passed over where it does not answer.
 */
export async function gatherPauses(
  { rooms, pauses }: Pick<GatherParts, 'rooms' | 'pauses'>,
  { looks, withinMs }: { readonly looks: Looks; readonly withinMs: number | undefined },
  document: GroupDocument,
  { kind, to }: Pick<MoveWish, 'kind' | 'to'>,
): Promise<readonly string[] | undefined> {
  const regions = Object.keys(document.regions).map((name) => regionName(name))
  const found = await Promise.all(
    regions.map(async (target) => {
      const isNeeded = target === to || (target === document.active && kind !== 'failover')
      const guards = isNeeded ? ['links-not-paused'] : []
      const paused = await looks.look(guards, (signal) => pauses.read(target, signal), withinMs)
      if (paused === undefined) return isNeeded ? undefined : []
      return regions.flatMap((source) => {
        const link = source === target ? undefined : rooms.linkOf(source, target).name
        const pause = link && paused.get(link)
        return pause === undefined ? [] : [`${link} is ${explainPause(pause)}`]
      })
    }),
  )
  return found.every((one) => one !== undefined) ? found.flat() : undefined
}
