import type { Outcome } from '../../src/failover/outcome.ts'
import type { ReturnContext, ReturnEffects } from '../../src/failover/ports.ts'
import type { ReturnEffectName } from '../../src/failover/returns/return-steps.ts'
import { checkReseed, checkScan } from './checks.ts'
import { behindFork, follows, translate } from './links.ts'
import {
  denyAndProve,
  done,
  type EffectTools,
  endOpenTransactions,
  failed,
  makeTools,
  waiting,
} from './move-effects.ts'
import type { Asker, Site } from './site.ts'
import type { SimRegion } from './sim-region.ts'

/** What bringing back a lost region does to the simulated regions. */
type Run = (tools: EffectTools, context: ReturnContext) => Promise<Outcome>

export function makeReturnEffects(site: Site, controller: Asker): ReturnEffects {
  const entries = Object.entries(RUNS).map(([effect, run]) => [
    effect,
    async (context: ReturnContext, signal: AbortSignal) => {
      const { id: owner, attempt } = context.record
      const tools = makeTools(site, controller, { effect, owner, attempt, permit: context.permit }, signal)
      return await run(tools, context)
    },
  ])
  return Object.fromEntries(entries) as ReturnEffects
}

const RUNS: Readonly<Record<ReturnEffectName, Run>> = {
  async fenceLost(tools, { region }) {
    return await denyAndProve(tools, region)
  },

  async scan(tools, { region, document }) {
    const { world } = tools.site
    const isSettled = await tools.tell(region, (returned) => {
      // A link of an earlier reign must not write here any more.
      world.links.stop(region)
      for (const log of returned.partitions) log.shardEpoch += 1
      endOpenTransactions(returned)
      return returned.partitions.every((log) => !log.hasOpenTransaction && log.highWatermark === log.entries.length)
    })
    if (!isSettled) return waiting('the tail is not settled yet')
    const tail = await tools.tell(document.active, (active) => findTail(world.region(region), active))
    checkScan(world, region, document.active, tail)
    const partitions = tail.filter((ids) => ids.length > 0).length
    const divergence = { records: tail.flat().length, partitions, onlyHere: 0 }
    return {
      kind: 'done',
      reason: `${divergence.records} records diverged`,
      evidence: { tail },
      findings: { divergence },
    }
  },

  async export(tools, { region, evidenceOf }) {
    const { tail } = (await evidenceOf('scanning')) as { readonly tail: readonly (readonly number[])[] }
    await tools.tell(region, () => {
      for (const id of tail.flat()) tools.site.world.exported.add(id)
    })
    return done('exported')
  },

  async replay(tools, { document, evidenceOf }) {
    const { tail } = (await evidenceOf('scanning')) as { readonly tail: readonly (readonly number[])[] }
    await tools.tell(document.active, (active) => {
      for (const [partition, log] of active.partitions.entries()) {
        for (const id of tail[partition] ?? []) {
          if (!log.offsets.has(id)) log.append({ kind: 'record', id, origin: 'late' })
        }
      }
    })
    return done('replayed')
  },

  async keep() {
    return failed('NOT_SIMULATED', 'the simulation re-seeds')
  },

  async reseed(tools, { region, record }) {
    const { world } = tools.site
    await tools.tell(region, (returned) => {
      checkReseed(world, returned, record)
      for (const log of returned.partitions) log.clear()
      returned.positions.fill(0)
    })
    return done('emptied, to be copied again')
  },

  async rejoin(tools, { region, document }) {
    const { world } = tools.site
    const active = await tools.tell(document.active, (it) => it)
    const isBehind = await tools.tell(region, (returned) => follows(returned, active))
    if (!isBehind) return failed('DIVERGED', `${region} holds what ${document.active} lacks`)
    await tools.tell(region, () => world.links.start(document.active, region))
    if (!world.links.isCaughtUp(document.active, region)) return waiting('it catches up')
    await tools.tell(region, (returned) => {
      for (const partition of returned.partitions.keys()) {
        returned.positions[partition] = translate(active, returned, partition)
      }
    })
    return done('it follows')
  },
}

/**
 * By partition, the committed records of the returned region behind the fork: from where its sequence is no longer the
 * active region's. A record that stands on the active one in another place, such as one replayed from a third region,
 * counts: the copy could not go on behind it.
 */
export function findTail(returned: SimRegion, active: SimRegion): number[][] {
  return returned.partitions.map((log, partition) => {
    const copy = active.partitions[partition]
    return copy === undefined ? [] : behindFork(log, copy)
  })
}
