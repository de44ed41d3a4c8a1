import type { FoundRole, Json, Outcome } from '../../src/failover/outcome.ts'
import type { MoveContext, MoveEffects, Permit } from '../../src/failover/ports.ts'
import type { EffectName } from '../../src/failover/moves/steps.ts'
import { appendCopy, follows, others, translate } from './links.ts'
import type { Asker, RegionCall, Site } from './site.ts'
import type { Rights, SimRegion } from './sim-region.ts'

/** What the steps of a move do to the simulated regions: the contract of `ports.ts`, over messages that get lost. */
export interface EffectTools {
  readonly site: Site
  /** Changes something at the region; the answer comes when the region has done it. */
  tell<Answer>(region: string, perform: (region: SimRegion) => Answer): Promise<Answer>
  changeRights(region: string, rights: Rights): Promise<void>
  rest(delayMs: number): Promise<void>
}

const PROPAGATION_MS = 60
const GRACE_MS = 200

export const done = (reason: string, evidence?: Json): Outcome => {
  return { kind: 'done', reason, ...(evidence !== undefined && { evidence }) }
}
export const waiting = (reason: string): Outcome => ({ kind: 'waiting', reason })
export const failed = (code: string, message: string): Outcome => {
  return { kind: 'failed', fault: { code, message, remedy: 'See the scenario.' } }
}

interface About extends Omit<RegionCall, 'region' | 'token'> {
  readonly permit: Permit
}

export function makeTools(site: Site, controller: Asker, about: About, signal: AbortSignal): EffectTools {
  const { permit, ...parts } = about
  const message = (region: string): RegionCall => ({ ...parts, region, token: permit().token })
  return {
    site,
    tell: async (name, perform) =>
      await controller.ask(message(name), signal, (answer) => answer(perform(site.world.region(name)))),
    changeRights: async (name, rights) =>
      await controller.ask<void>(message(name), signal, (answer) =>
        site.world.region(name).changeRights(rights, () => answer(undefined)),
      ),
    rest: async (delayMs) => await controller.rest(delayMs, signal),
  }
}

type Run = (tools: EffectTools, context: MoveContext) => Promise<Outcome>

export function makeMoveEffects(site: Site, controller: Asker): MoveEffects {
  const entries = Object.entries(RUNS).map(([effect, run]) => [
    effect,
    async (context: MoveContext, signal: AbortSignal) => {
      const { id: owner, attempt } = context.operation
      const tools = makeTools(site, controller, { effect, owner, attempt, permit: context.permit }, signal)
      return await run(tools, context)
    },
  ])
  return Object.fromEntries(entries) as MoveEffects
}

const RUNS: Readonly<Record<EffectName, Run>> = {
  async preflight(tools, { operation, document }) {
    const role = document.regions[operation.to]?.role
    if (operation.kind !== 'failover') await tools.tell(operation.from, () => undefined)
    await tools.tell(operation.to, () => undefined)
    return role === 'reseeding' ? failed('GUARDS_FAILED', `${operation.to} is ${role}`) : done('every guard passed')
  },

  async fence(tools, { operation, permit }) {
    const byCommand = operation.kind === 'failover' ? await runCommand(tools, operation.from, permit) : undefined
    return byCommand?.kind === 'done' ? byCommand : await denyAndProve(tools, operation.from)
  },

  async settle(tools, { operation }) {
    const open = await tools.tell(operation.from, endOpenTransactions)
    return open === 0 ? done('no transaction is open') : waiting(`${open} transactions are ending`)
  },

  async cut(tools, { operation }) {
    const cuts = await tools.tell(operation.from, (region) => writeMarkers(region, operation.id))
    return cuts === undefined ? waiting('a marker is not replicated yet') : done('markers everywhere', cuts)
  },

  async drain(tools, { operation, evidenceOf }) {
    const cuts = (await evidenceOf('cut')) as readonly number[]
    const source = tools.site.world.region(operation.from)
    const left = await tools.tell(operation.to, (target) => countMissing(source, target, cuts))
    return left === 0 ? done('the target holds everything below the cut') : waiting(`${left} records left`)
  },

  async prove(tools, { operation, evidenceOf }) {
    const cuts = (await evidenceOf('cut')) as readonly number[]
    const source = tools.site.world.region(operation.from)
    const isEqual = await tools.tell(operation.to, (target) => isTailEqual(source, target, cuts))
    return isEqual ? done('the tails are equal') : failed('PROOF_FAILED', 'the tails differ')
  },

  async catchUp(tools, { operation, document }) {
    const { world } = tools.site
    const fetched: string[] = []
    for (const name of others(operation.from, operation.to)) {
      if (document.regions[name]?.role !== 'standby' || !world.canReach(operation.to, name)) continue
      if (!world.region(name).isAlive) continue
      const count = await tools.tell(operation.to, (target) => fetchFrom(tools, world.region(name), target))
      fetched.push(`${count} from ${name}`)
    }
    return done(`fetched ${fetched.join(', ') || 'nothing'}`, { fetched })
  },

  async positions(tools, { operation }) {
    if (operation.kind === 'failover') {
      await tools.tell(operation.to, () => undefined)
      return done('last known positions')
    }
    await tools.rest(GRACE_MS)
    await tools.changeRights(operation.from, { groupDenied: true })
    await tools.rest(PROPAGATION_MS)
    const fenced = await tools.tell(operation.from, ({ brokers }) =>
      brokers.every((it) => it.groupDenied && !it.isFrozen),
    )
    if (!fenced) return waiting('a broker does not refuse the group yet')
    const source = tools.site.world.region(operation.from)
    await tools.tell(operation.to, (target) => carryPositions(source, target))
    return done('positions are at the target')
  },

  async confirm(tools, { operation, evidenceOf }) {
    await tools.tell(operation.to, () => undefined)
    if (operation.kind === 'failover') return done('the target answers')
    const cuts = (await evidenceOf('cut')) as readonly number[]
    const ends = await tools.tell(operation.from, ({ partitions }) => partitions.map((log) => log.highWatermark))
    const fenced = await tools.tell(operation.from, (region) => refusesEverywhere(tools, region))
    if (ends.some((end, partition) => end > (cuts[partition] ?? 0) + 1))
      return failed('FENCE_LEAKS', 'records behind the cut')
    return fenced ? done('nothing behind the cut') : waiting('a broker does not answer')
  },

  async promote(tools, { operation }) {
    const markers = await tools.tell(operation.to, (region) => {
      tools.site.world.links.stop(operation.to)
      if (tools.site.breaks.has('no-takeover')) return []
      for (const log of region.partitions) log.shardEpoch += 1
      return writeMarkers(region, `takeover ${operation.id}`)
    })
    return markers === undefined ? waiting('a takeover marker is not replicated yet') : done('taken over')
  },

  async open(tools, { operation }) {
    return await allowAndProve(tools, operation.to)
  },

  async reroute(tools, { operation }) {
    await tools.tell(operation.to, () => undefined)
    return done('routing points to the new region')
  },

  async evict(tools, { operation }) {
    await tools.tell(operation.to, () => undefined)
    await tools.rest(50)
    tools.site.world.readerAt = operation.to
    return done('no members are left on the old region')
  },

  async reverse(tools, { operation, document }) {
    const { world } = tools.site
    const active = world.region(operation.to)
    const roles: Record<string, FoundRole> = {}
    await tools.tell(operation.to, () => undefined)
    for (const name of others(operation.to)) {
      if (document.regions[name]?.role !== 'standby') continue
      if (!world.canReach(name, operation.to) || !world.region(name).isAlive) {
        roles[name] = { role: 'lost', reason: 'it was away when the group moved' }
        continue
      }
      const isBehind = await tools.tell(name, (region) => {
        // Taken over first: a link of the reign before must not add to what is compared.
        world.links.start(operation.to, name)
        const isPrefix = follows(region, active)
        if (!isPrefix) world.links.stop(name)
        return isPrefix
      })
      roles[name] = isBehind ? { role: 'standby', reason: 'follows' } : { role: 'returning', reason: 'it is ahead' }
    }
    return { kind: 'done', reason: 'links run', findings: { roles } }
  },

  async verify(tools, { operation }) {
    const isOpen = await tools.tell(operation.to, ({ brokers }) => brokers.every(({ denied }) => !denied))
    return isOpen ? done('a canary is accepted') : failed('CANARY_REFUSED', `${operation.to} refuses writes`)
  },

  async rollBack(tools, { operation, document }) {
    const outcome = await allowAndProve(tools, operation.from)
    if (outcome.kind !== 'done') return outcome
    const { world } = tools.site
    const roles: Record<string, FoundRole> = {}
    for (const name of others(operation.from)) {
      if (document.regions[name]?.role !== 'standby') continue
      if (!world.canReach(name, operation.from) || !world.region(name).isAlive) {
        roles[name] = { role: 'lost', reason: 'it was away when the move was rolled back' }
        continue
      }
      // Whoever fenced the link's replicator has to see to it that there is one again.
      await tools.tell(name, () => world.links.start(operation.from, name))
    }
    return { kind: 'done', reason: 'every broker accepts', findings: { roles } }
  },
}

const COMMAND_MS = 40

/** The operator's command closes a region whatever reaches it; undefined where there is none. */
export async function runCommand(
  tools: EffectTools,
  region: string,
  permit: () => unknown,
): Promise<Outcome | undefined> {
  const { world } = tools.site
  if (world.command === 'none') return undefined
  await tools.rest(COMMAND_MS)
  permit()
  if (world.command !== 'fails') world.region(region).isGated = true
  if (world.command !== 'works') return failed('FENCE_COMMAND_FAILED', 'exit code 1')
  return { kind: 'done', reason: 'the command succeeded', findings: { fence: 'command' } }
}

export async function denyAndProve(tools: EffectTools, name: string): Promise<Outcome> {
  await tools.changeRights(name, { denied: true })
  await tools.rest(PROPAGATION_MS)
  const isProved = await tools.tell(name, (region) => refusesEverywhere(tools, region))
  if (!isProved) return waiting('a broker does not refuse yet, or does not answer')
  return { kind: 'done', reason: 'every broker refuses', findings: { fence: 'proved' } }
}

function refusesEverywhere(tools: EffectTools, { brokers }: SimRegion): boolean {
  return asked(tools, brokers).every(({ denied, isFrozen }) => denied && !isFrozen)
}

function asked<Broker>({ site }: EffectTools, brokers: readonly Broker[]): readonly Broker[] {
  return site.breaks.has('one-broker-proves') ? brokers.slice(0, 1) : brokers
}

/** Always a change that is acknowledged: a reading could not tell what may yet come into force. */
export async function allowAndProve(tools: EffectTools, name: string): Promise<Outcome> {
  const isTrusting = tools.site.breaks.has('lift-by-reading') && !tools.site.world.region(name).denied
  if (!isTrusting) await tools.changeRights(name, { denied: false, groupDenied: false })
  await tools.rest(PROPAGATION_MS)
  const isOpen = await tools.tell(name, (region) => {
    region.isGated = false
    return region.brokers.every(({ denied, isFrozen }) => !denied && !isFrozen)
  })
  return isOpen ? done('every broker accepts') : waiting('a broker does not accept yet, or does not answer')
}

/** Ends what is open without ever contradicting a commit; how many are still on their way. */
export function endOpenTransactions(region: SimRegion): number {
  for (const transaction of region.transactions) {
    if (transaction.state === 'ongoing') transaction.state = 'prepare-abort'
  }
  return region.partitions.filter((log) => log.hasOpenTransaction).length
}

/** The markers' offsets once all are replicated; undefined before. */
function writeMarkers(region: SimRegion, operation: string): number[] | undefined {
  const offsets = region.partitions.map((log, partition) => {
    const found = log.markerOf(operation)
    if (found >= 0 || region.brokers[partition]?.isFrozen !== false) return found
    return log.append({ kind: 'marker', operation })
  })
  const isReplicated = offsets.every(
    (offset, index) => offset >= 0 && offset < (region.partitions[index]?.highWatermark ?? 0),
  )
  return isReplicated ? offsets : undefined
}

function countMissing(source: SimRegion, target: SimRegion, cuts: readonly number[]): number {
  let missing = 0
  for (const [partition, log] of source.partitions.entries()) {
    const copy = target.partitions[partition]
    for (const { id } of log.committed(0, cuts[partition] ?? 0)) {
      const at = copy?.offsets.get(id)
      if (at === undefined || at >= (copy?.highWatermark ?? 0)) missing += 1
    }
  }
  return missing
}

function isTailEqual(source: SimRegion, target: SimRegion, cuts: readonly number[]): boolean {
  return source.partitions.every((log, partition) => {
    const expected = [...log.committed(0, cuts[partition] ?? 0)].map(({ id }) => id)
    const found = [...(target.partitions[partition]?.committed() ?? [])].map(({ id }) => id)
    return expected.length === found.length && expected.every((id, index) => id === found[index])
  })
}

/** Fetches what another standby holds beyond the new active region, once nobody else can append there. */
function fetchFrom(tools: EffectTools, survivor: SimRegion, target: SimRegion): number {
  let count = 0
  for (const [partition, log] of survivor.partitions.entries()) {
    const copy = target.partitions[partition]
    if (copy === undefined || target.brokers[partition]?.isFrozen !== false) continue
    const from = copy.lastRecord === undefined ? 0 : log.offsets.get(copy.lastRecord)
    if (from === undefined) continue
    const missing = [...log.committed(copy.lastRecord === undefined ? 0 : from + 1)]
    if (missing.length > 0) copy.shardEpoch += 1
    for (const { id } of missing) {
      appendCopy(tools.site.world, target, partition, id)
      count += 1
    }
  }
  return count
}

function carryPositions(source: SimRegion, target: SimRegion): void {
  for (const partition of source.partitions.keys()) {
    target.positions[partition] = Math.max(target.positions[partition] ?? 0, translate(source, target, partition))
  }
}
