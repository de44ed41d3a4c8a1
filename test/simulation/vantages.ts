import { DownVotes } from '../../src/controller/down-votes.ts'
import { type Clock, type Random, randomBelow, regionName } from '../../src/core/index.ts'
import type { Vote } from '../../src/failover/automatic/tally-votes.ts'
import type { GroupDocument } from '../../src/failover/state.ts'
import type { RegionStatus } from '../../src/regions/index.ts'
import { REGIONS } from './sim-region.ts'
import type { World } from './world.ts'

/**
 * Four vantage points that look at the active region, and what is really so: a move that nobody asked for needs three of
 * them, which trust themselves and have not reached the region for the dwell time (F7).
 */
export const DWELL_MS = 1_200
const NAMES = ['one', 'two', 'agent-1', 'agent-2'] as const
const MAJORITY = 3
const TICK_MS = 50
/** Whoever has reached the region says so for a while, so that no look misses it. */
const SAYS_UP_MS = 600
/** From a decision to its order: calls of the authority, and a process that is stopped in between. */
const ORDER_MS = 4_000

interface Sight {
  vote: 'up' | 'down' | 'in-doubt'
  /** Since when it has trusted itself and reached nothing; undefined where it has not. */
  downSinceMs: number | undefined
  upAtMs: number
}

export type Trouble = 'lost' | 'isolated' | 'short' | 'minority' | 'doubt'
const TROUBLES: readonly Trouble[] = [
  'lost',
  'lost',
  'lost',
  'isolated',
  'isolated',
  'isolated',
  'short',
  'minority',
  'doubt',
]

/** Without one, brokers have to answer: of a region that is gone or cut off nothing is shown then. */
const COMMANDS = ['works', 'works', 'works', 'half', 'fails', 'none'] as const
const UNDONE = ['half', 'fails', 'none'] as const

export class Vantages {
  readonly trouble: Trouble
  readonly #world: World
  readonly #blind = new Set<string>()
  readonly #doubtful = new Set<string>()
  readonly #sights = new Map<string, Sight>()
  /** When it last was so that the region may be left. */
  #ripeAtMs = Number.NEGATIVE_INFINITY

  /** `needsCalls`: what goes wrong happens to a call of the region. */
  constructor(world: World, random: Random, { phase, needsCalls }: { phase: string; needsCalls: boolean }) {
    this.#world = world
    const draw = TROUBLES[randomBelow(random, TROUBLES.length)] ?? 'lost'
    // Only an attempt that has begun can be given up.
    this.trouble = (phase === 'undoing' || needsCalls) && (draw === 'minority' || draw === 'doubt') ? 'isolated' : draw
    const commands = needsCalls ? (['none'] as const) : phase === 'undoing' ? UNDONE : COMMANDS
    world.command = commands[randomBelow(random, commands.length)] ?? 'none'
    const at = 2_900 + random.next() * 500
    world.clock.schedule(at, () => this.#begin(), false)
    if (this.trouble === 'isolated') world.clock.schedule(at + 3_000 + random.next() * 7_000, () => this.#mend(), false)
    if (this.trouble === 'short') world.clock.schedule(at + 300 + random.next() * 700, () => this.#mend(), false)
    this.#tick()
  }

  /** F7, when a move is ordered that nobody asked for. */
  checkOrder({ operation }: GroupDocument): void {
    const world = this.#world
    if (operation === undefined) return
    if (world.clock.nowMs - this.#ripeAtMs > ORDER_MS) {
      world.violate(
        'F7',
        `${operation.id} was ordered, and no majority has seen ${operation.from} down for long enough`,
      )
    }
    if (world.region(operation.from).isWritable) {
      world.violate('F7', `${operation.id} was ordered, and applications can write to ${operation.from}`)
    }
  }

  /** As one controller hears them. */
  votesOf(clock: Clock): (region: string | undefined) => Vote[] {
    const health = () => ({ regions: [this.#statusOf(this.#world.active())] })
    const counted = new DownVotes(health, clock)
    return (region) => counted.look(region ?? this.#world.active())
  }

  #begin(): void {
    const [first, second, third] = NAMES
    if (this.trouble === 'lost') this.#world.region(REGIONS[0]).isAlive = false
    if (this.trouble === 'isolated' || this.trouble === 'short') this.#world.isolated.add(REGIONS[0])
    if (this.trouble === 'minority') for (const name of [second, third]) this.#blind.add(name)
    if (this.trouble === 'doubt') this.#blind.add(first)
    if (this.trouble === 'doubt') for (const name of [second, third]) this.#doubtful.add(name)
  }

  #mend(): void {
    this.#world.isolated.delete(REGIONS[0])
  }

  #tick(): void {
    const { clock } = this.#world
    const active = this.#world.region(this.#world.active())
    const isCut = !active.isAlive || this.#world.isolated.has(active.name)
    for (const name of NAMES) {
      const before = this.#sights.get(name) ?? { vote: 'up', downSinceMs: undefined, upAtMs: clock.nowMs }
      const isReached = !isCut && !this.#blind.has(name)
      const upAtMs = isReached ? clock.nowMs : before.upAtMs
      const isDoubtful = this.#doubtful.has(name)
      const isDown = !isReached && !isDoubtful && clock.nowMs - upAtMs > SAYS_UP_MS
      const vote = isDoubtful ? 'in-doubt' : isDown ? 'down' : 'up'
      this.#sights.set(name, { vote, upAtMs, downSinceMs: isDown ? (before.downSinceMs ?? clock.nowMs) : undefined })
    }
    const ripe = [...this.#sights.values()].filter(({ downSinceMs }) => {
      return downSinceMs !== undefined && clock.nowMs - downSinceMs >= DWELL_MS
    })
    if (ripe.length >= MAJORITY) this.#ripeAtMs = clock.nowMs
    clock.schedule(TICK_MS, () => this.#tick(), false)
  }

  #statusOf(region: string): RegionStatus {
    const votes = [...this.#sights].map(([vantage, { vote }]) => ({ vantage, standsIn: null, vote, ageMs: 0 }))
    const judgement = { region: regionName(region), verdict: 'down' as const, reason: '', votes, majority: MAJORITY }
    return { region: regionName(region), health: undefined, sample: undefined, sampleAgeMs: undefined, judgement }
  }
}
