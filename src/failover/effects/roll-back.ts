import type { FoundRole, Outcome } from '../outcome.ts'
import { lift } from './fence-effects.ts'
import { answers, type EffectCall, otherStandbys, startCopy, withMoves } from './group-rooms.ts'

/**
 * Back to the region that was left: its fences are lifted, and it is copied to every standby again. The catch-up of a
 * failover has ended those copies, and nothing else would start them.
 */
export async function rollBack(call: EffectCall): Promise<Outcome> {
  const { rooms, document, from, to, signal } = call
  const lifted = await lift(call, from)
  if (lifted.kind !== 'done') return lifted
  const { replicator } = rooms
  const others = otherStandbys(call)
  for (const donor of others) {
    await replicator.stopLink(rooms.linkOf(donor, to).name, 'the move is rolled back', signal)
  }
  const roles: Record<string, FoundRole> = {}
  await withMoves(call, async (moves) => {
    for (const region of document.regions[to]?.role === 'standby' ? [to, ...others] : others) {
      if (await answers(call, moves, region)) await startCopy(call, { source: from, target: region })
      else roles[region] = { role: 'lost', reason: 'it did not answer when the move was rolled back' }
    }
  })
  return { ...lifted, findings: { ...lifted.findings, roles } }
}
