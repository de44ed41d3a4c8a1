import type { FoundRole, Outcome } from '../outcome.ts'
import { lift } from './fence-effects.ts'
import { answers, type EffectCall, otherStandbys, startCopy, stopCopy, withMoves } from './group-rooms.ts'
import { endOthers } from './promote.ts'

/**
 * Back to the region that was left: its fences are lifted, and it is copied to every standby again. The catch-up of a
 * failover has ended those copies, and nothing else would start them; what it has fetched from survivors ends first, and
 * is gone on from.
 */
export async function rollBack(call: EffectCall): Promise<Outcome> {
  const { rooms, document, from, to } = call
  const lifted = await lift(call, from)
  if (lifted.kind !== 'done') return lifted
  const others = otherStandbys(call)
  for (const donor of others) await stopCopy(call, rooms.linkOf(donor, to), 'the move is rolled back')
  const roles: Record<string, FoundRole> = {}
  return await withMoves(call, async (moves) => {
    for (const region of document.regions[to]?.role === 'standby' ? [to, ...others] : others) {
      const isThere = await answers(call, moves, region)
      const how = { isPromotion: false, markers: 'where-needed' } as const
      const trouble = isThere && region === to ? await endOthers(call, moves, how) : undefined
      if (trouble !== undefined) return trouble
      if (isThere) await startCopy(call, { source: from, target: region })
      else roles[region] = { role: 'lost', reason: 'it did not answer when the move was rolled back' }
    }
    return { ...lifted, findings: { ...lifted.findings, roles } }
  })
}
