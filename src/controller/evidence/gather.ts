import { regionName } from '../../core/index.ts'
import type { GroupDocument, ProviderEvidence } from '../../failover/index.ts'
import type { EvictionProvider, RoutingProvider } from '../../routing/index.ts'
import { gatherCopy } from './gather-copy.ts'
import { gatherPauses } from './gather-pauses.ts'
import { gatherSource, gatherTarget } from './gather-regions.ts'
import { type Gathering, gatherReaders, lookAt } from './gathering.ts'
import { Looks } from './looks.ts'
import type { GatherParts } from './parts.ts'
import { type Gather, rememberFailover } from './remember-failover.ts'
import { findClockOffset } from './region-looks.ts'
import { endsOf } from './source-rates.ts'

/** What a region that is given up may take to answer at all: nobody can write while it is waited for. */
const GIVEN_UP_MS = 1_500

/**
 * What the guards of a group judge by, from the regions as they are now. First both are asked for their topics, then
 * everything else at the same time; each look is bounded and fails alone. Only a failover, where time counts, goes on
 * with what was gathered for the same wish just before; else nothing is kept from one gathering to the next but how fast
 * the source is written to.
 */
export function makeGather(parts: GatherParts): Gather {
  return rememberFailover(gatherFrom(parts), parts.clock)
}

function gatherFrom(parts: GatherParts): Gather {
  return async (document, wish, signal) => {
    const looks = new Looks({ clock: parts.clock, lookMs: parts.lookMs }, signal)
    parts.rates.note(endsOf(parts.replication().links))
    const withinMs = wish.kind === 'failover' ? GIVEN_UP_MS : undefined
    const [source, target, pausedLinks] = await Promise.all([
      lookAt(parts, looks, regionName(document.active), withinMs),
      lookAt(parts, looks, wish.to),
      gatherPauses(parts, { looks, withinMs }, document, wish),
    ])
    const isSelected = (topic: string) => parts.rooms.scope.isSelected(topic)
    const readers = gatherReaders(parts, looks, source)
    const gathering: Gathering = { parts, looks, source, target, isSelected, readers }
    const [targetEvidence, sourceEvidence, copy, routing, eviction] = await Promise.all([
      gatherTarget(gathering),
      gatherSource(gathering),
      gatherCopy(gathering),
      gatherProviders(looks, 'routing-available', parts.routing, withinMs),
      gatherProviders(looks, 'eviction-available', parts.eviction, withinMs),
    ])
    const samples = parts.health().regions.filter(({ region }) => region === source.region || region === target.region)
    return {
      authorityFallsWith: parts.authorityFallsWith,
      target: targetEvidence,
      source: sourceEvidence,
      copy,
      pausedLinks,
      clockOffsetMs: findClockOffset(samples.map(({ sample }) => sample)),
      sinceLastMoveMs: sinceLastMove(document, parts.clock.nowMs()),
      routing,
      eviction,
      sinceLastDrillMs: parts.sinceLastDrillMs(),
      troubles: looks.troubles,
    }
  }
}

/** The guard's look is bounded as a whole, and each provider's own question below that. */
async function gatherProviders(
  looks: Looks,
  guard: string,
  providers: readonly (RoutingProvider | EvictionProvider)[],
  withinMs: number | undefined,
): Promise<ProviderEvidence | undefined> {
  return await looks.look(
    [guard],
    async (signal) => {
      const troubles = await Promise.all(providers.map((provider) => provider.findTrouble(signal)))
      return { configured: providers.length, unavailable: troubles.filter((trouble) => trouble !== undefined) }
    },
    withinMs,
  )
}

/** The wall clocks of two controllers may have written and read it: a time in the future is one just now. */
function sinceLastMove({ reigns }: GroupDocument, nowMs: number): number | null {
  const last = reigns.at(-1)
  if (last === undefined || last.kind === 'first') return null
  return Math.max(0, nowMs - Date.parse(last.committedAt))
}
