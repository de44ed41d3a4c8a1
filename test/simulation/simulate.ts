import { type Random, randomBelow, regionName, seededRandom } from '../../src/core/index.ts'
import type { Json } from '../../src/failover/outcome.ts'
import { firstDocument, type GroupDocument, groupKey } from '../../src/failover/state.ts'
import { type BreakName, Breaks } from './breaks.ts'
import { Checks } from './checks.ts'
import { type Cell, cellName } from './cell.ts'
import { cellOf } from './cells.ts'
import { ARMED, FAULT_NAMES, FAULTS } from './faults.ts'
import { others } from './links.ts'
import { Operator } from './operator.ts'
import { SimAuthority } from './sim-authority.ts'
import { SimClock } from './sim-clock.ts'
import { SimController } from './sim-controller.ts'
import { REGIONS } from './sim-region.ts'
import { type CallFate, GROUP, type RegionCall } from './site.ts'
import { Vantages } from './vantages.ts'
import { World } from './world.ts'

/**
 * One seeded run: two controllers with the real machine, an authority, three regions with applications, and a person.
 * The seed names the step and the fault that this run is about; chance adds the rest. After a while everything is healed,
 * and then everything has to come to rest.
 */
export interface Simulated {
  readonly violations: readonly string[]
  readonly covered: readonly string[]
  readonly moves: number
  readonly virtualMs: number
}

const HEALED_AT_MS = 16_000
const LIMIT_MS = 120_000
const REST_MS = 2_500

export async function simulate(seed: number, broken?: BreakName): Promise<Simulated> {
  const run = new Run(seed, broken)
  await run.finish()
  return {
    violations: run.world.violations,
    covered: [...run.covered],
    moves: run.checks.moves,
    virtualMs: run.clock.nowMs,
  }
}

export class Run {
  readonly clock = new SimClock()
  readonly covered = new Set<string>()
  readonly world: World
  readonly checks: Checks
  readonly authority: SimAuthority
  readonly #random: Random
  readonly #cell: Cell
  readonly #operator: Operator
  readonly #controllers: readonly SimController[]
  readonly #heals: (() => void)[] = []
  #armed: { readonly fate: CallFate; readonly name: string } | undefined
  #isInjected = false
  readonly #extra: { readonly fault: string; readonly atMs: number } | undefined

  constructor(seed: number, broken: BreakName | undefined) {
    const cell = cellOf(seed)
    this.#cell = cell
    const random = seededRandom(seed * 2_654_435_761)
    this.#random = random
    this.world = new World(this.clock, random)
    const authority = new SimAuthority(this.clock)
    this.authority = authority
    this.checks = new Checks(this.world, authority)
    this.#wireWorld()
    authority.put(groupKey(GROUP), firstDocument(GROUP, REGIONS.map(regionName), '') as unknown as Json)
    const onCall = (call: RegionCall) => this.#onCall(call)
    const { world, clock } = this
    const about = { phase: cell.phase, needsCalls: ARMED.has(cell.fault) }
    const vantages = cell.kind === 'automatic' ? new Vantages(world, random, about) : undefined
    this.checks.onOrder = (document) => vantages?.checkOrder(document)
    const site = {
      world,
      authority,
      clock,
      random,
      breaks: new Breaks(broken),
      vantages,
      onCall,
      onArrival: (call: RegionCall) => this.checks.onArrival(call),
    }
    this.#controllers = [
      new SimController(site, 'one', 'outside'),
      new SimController(site, 'two', REGIONS[randomBelow(random, 3)] ?? 'north'),
    ]
    const plan = {
      kind: cell.kind === 'return' ? ('failover' as const) : cell.kind,
      // A late call is worst where the move has turned round meanwhile.
      aborts: cell.phase === 'rolling-back' || random.next() < (cell.fault === 'late-call' ? 0.5 : 0.1),
      goesBack: random.next() < 0.5,
      ...((cell.phase === 'exporting' || cell.phase === 'replaying') && { salvage: 'replay' as const }),
    }
    this.#operator = new Operator({ world, authority, checks: this.checks, random, plan })
    this.#prepareLoss()
    if (random.next() < 0.35) {
      const fault = FAULT_NAMES[randomBelow(random, FAULT_NAMES.length)] ?? 'late-call'
      this.#extra = { fault, atMs: 3_000 + random.next() * 6_000 }
      clock.schedule(this.#extra.atMs, () => this.inject(fault), false)
    }
    clock.schedule(HEALED_AT_MS, () => this.#healAll(), true)
  }

  async finish(): Promise<void> {
    const { world, clock } = this
    await clock.runUntil(() => this.#operator.hasFinished || world.violations.length > 0, LIMIT_MS)
    if (world.violations.length > 0) return
    if (!this.#operator.hasFinished) {
      world.violate('F5', `nothing came to rest: ${describe(this.checks.document())}`)
      return
    }
    world.isWriting = false
    for (const region of world.regions.values()) {
      for (const transaction of region.transactions)
        if (transaction.state === 'ongoing') transaction.state = 'prepare-abort'
    }
    await clock.runUntil(() => world.violations.length > 0, clock.nowMs + REST_MS)
    this.checks.atRest(this.checks.document())
  }

  #wireWorld(): void {
    const { world, checks } = this
    const document = () => checks.document()
    world.active = () => document().active
    world.announced = () => {
      const { regions } = document()
      return new Set(REGIONS.filter((name) => regions[name]?.unfenced !== undefined))
    }
    world.onAcknowledged = (id, at) => checks.onAcknowledged(id, at)
    world.counts = (region) => ['active', 'standby'].includes(document().regions[region]?.role ?? '')
    this.authority.violate = (rule, what) => world.violate(rule, what)
    this.authority.onGroup = (before, after) => {
      checks.onGroup(before, after)
      this.#watchPhase(after)
      world.checkWritable()
    }
  }

  /** In a failover the copies lag, not all alike, and most often the region that is left is gone. */
  #prepareLoss(): void {
    if (this.#cell.kind === 'switchover' || this.#cell.kind === 'automatic') return
    const random = this.#random
    for (const name of REGIONS.slice(1)) {
      if (this.#cell.kind === 'return' || random.next() < 0.6)
        this.clock.schedule(1_800 + random.next() * 1_000, () => this.world.links.pause(name), false)
    }
    if (this.#cell.kind === 'failover' && random.next() < 0.25) return
    const source = this.world.region(REGIONS[0])
    this.clock.schedule(
      2_900,
      () => {
        source.isAlive = false
        this.checks.touched.add(source.name)
      },
      false,
    )
    const backMs = this.#cell.kind === 'return' ? 7_500 + random.next() * 3_000 : 8_000 + random.next() * 6_000
    this.clock.schedule(backMs, () => source.heal(), false)
    this.clock.schedule(backMs, () => this.world.links.resume(), false)
  }

  #watchPhase(document: GroupDocument): void {
    if (this.#isInjected || !this.#isAtCell(document)) return
    this.#isInjected = true
    const delayMs = this.#random.next() < 0.6 ? 0 : this.#random.next() * 150
    this.clock.schedule(delayMs, () => this.inject(this.#cell.fault), false)
  }

  #isAtCell(document: GroupDocument): boolean {
    const { kind, phase } = this.#cell
    if (kind === 'automatic') return document.automatic?.phase === phase
    if (kind === 'return') return Object.values(document.regions).some((entry) => entry.return?.phase === phase)
    const operation = document.operation
    return operation?.phase === phase && (operation.kind === 'failover') === (kind === 'failover')
  }

  inject(fault: string): void {
    if (this.clock.nowMs >= HEALED_AT_MS) return
    const document = this.checks.document()
    const heal = FAULTS[fault]?.(this.#scene(document, fault))
    if (!ARMED.has(fault)) this.#cover(document, fault)
    if (heal === undefined) return
    this.#heals.push(heal)
    this.clock.schedule(1_500 + this.#random.next() * 7_000, heal, true)
  }

  #scene(document: GroupDocument, fault: string) {
    const { operation, active, automatic } = document
    const returning = REGIONS.find((name) => document.regions[name]?.return !== undefined)
    const source = operation?.from ?? automatic?.from ?? returning ?? active
    const target = operation?.to ?? automatic?.to ?? (returning === undefined ? (others(active)[0] ?? active) : active)
    return {
      world: this.world,
      authority: this.authority,
      checks: this.checks,
      random: this.#random,
      controllers: this.#controllers,
      leader: this.#controllers.find((controller) => controller.isLeading) ?? this.#controllers[0],
      source,
      target,
      third: others(source, target)[0] ?? target,
      arm: (fate: CallFate) => {
        this.#armed = { fate, name: fault }
      },
    }
  }

  #onCall(call: RegionCall): CallFate {
    this.checks.onCall(call)
    const armed = this.#armed
    if (armed === undefined || call.effect === this.#skipped()) return 'as-usual'
    this.#armed = undefined
    this.#cover(this.checks.document(), armed.name)
    return armed.fate
  }

  /** In a cell about moves, calls on behalf of a return are not the ones that are meant, and the other way round. */
  #skipped(): string | undefined {
    return this.#cell.kind !== 'return' && this.#cell.phase !== 'fencing' ? 'fenceLost' : undefined
  }

  /** Which steps were under way when the fault happened. */
  #cover(document: GroupDocument, fault: string): void {
    const { operation } = document
    if (operation !== undefined) {
      const kind = operation.kind === 'failover' ? 'failover' : 'switchover'
      this.covered.add(cellName({ kind, phase: operation.phase, fault }))
    }
    const { automatic } = document
    if (automatic !== undefined) this.covered.add(cellName({ kind: 'automatic', phase: automatic.phase, fault }))
    for (const entry of Object.values(document.regions)) {
      if (entry.return !== undefined) this.covered.add(cellName({ kind: 'return', phase: entry.return.phase, fault }))
    }
  }

  #healAll(): void {
    this.#armed = undefined
    for (const heal of this.#heals) this.clock.schedule(0, heal, true)
    this.world.isolated.clear()
    this.world.links.resume()
    this.world.links.thaw()
    for (const region of this.world.regions.values()) region.heal()
    this.authority.isOut = false
    this.#operator.isHealed = true
  }
}

function describe({ epoch, active, operation, regions }: GroupDocument): string {
  const roles = Object.entries(regions).map(
    ([name, { role, return: record }]) => `${name} ${role} ${record?.phase ?? ''}`,
  )
  const stop = operation?.stop === undefined ? '' : ` (${operation.stop.at}: ${operation.stop.reason})`
  return `epoch ${epoch} of ${active}, ${operation?.kind ?? 'no operation'} ${operation?.phase ?? ''}${stop}; ${roles.join(', ')}`
}
