import { pause, systemClock } from '../core/index.ts'
import { holdReadings, type LocalRegion } from '../local/index.ts'
import type { Follower } from './follow.ts'
import type { RegionOrder } from './options.ts'
import { clientOf, findRegion, USERS } from './regions.ts'
import type { OrderAnswer } from './remote.ts'

/** What is written meanwhile is lost with the region. */
const HELD_MS = 3_000

export interface RegionOrdersOptions {
  readonly regions: readonly LocalRegion[]
  readonly follower: Pick<Follower, 'isSettled' | 'region'>
  readonly say: (line: string) => void
}

/** What a running demo is asked to do with its regions: one order at a time, as they are about the same brokers. */
export class RegionOrders {
  readonly #options: RegionOrdersOptions
  readonly #dead = new Set<string>()
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: RegionOrdersOptions) {
    this.#options = options
  }

  carryOut(order: RegionOrder, signal: AbortSignal): Promise<OrderAnswer> {
    const done = this.#busy.then(() => this.#carryOut(order, signal))
    this.#busy = done.catch(() => undefined)
    return done
  }

  async #carryOut({ verb, region: name, isHeld }: RegionOrder, signal: AbortSignal): Promise<OrderAnswer> {
    const region = findRegion(this.#options.regions, name)
    const isDead = this.#dead.has(name)
    if (isDead === (verb === 'kill')) {
      return { isDone: false, text: `${name} ${isDead ? 'is dead already' : 'runs already'}` }
    }
    if (verb === 'start') {
      await onBrokers(region, (index) => region.startBroker(index, signal))
      this.#dead.delete(name)
      return this.#tell(`${name} runs again, on the data it had.`)
    }
    await (isHeld ? this.#killHeld(region, signal) : this.#kill(region))
    const before = isHeld ? `For ${HELD_MS / 1_000} s a stuck transaction held back what is copied. ` : ''
    return this.#tell(`${before}${name} is dead.`)
  }

  #tell(text: string): OrderAnswer {
    this.#options.say(text)
    return { isDone: true, text }
  }

  async #kill(region: LocalRegion): Promise<void> {
    this.#dead.add(region.name)
    await onBrokers(region, (index) => region.stopBroker(index, { hard: true }))
  }

  /** What is written behind a transaction that somebody has left open is acknowledged, and not copied. */
  async #killHeld(region: LocalRegion, signal: AbortSignal): Promise<void> {
    const { follower } = this.#options
    if (!follower.isSettled || follower.region !== region.name) {
      throw new Error(`--held is for the region where the sensor fleet writes: that is ${follower.region}`)
    }
    await using _stuck = await holdReadings(clientOf(region, USERS.application))
    await pause(systemClock, HELD_MS, signal)
    await this.#kill(region)
  }
}

async function onBrokers(region: LocalRegion, act: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(region.bootstrap.map((_, index) => act(index)))
}
