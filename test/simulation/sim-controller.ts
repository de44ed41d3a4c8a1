import { createEvents } from '../../src/core/index.ts'
import type { FailoverEvents } from '../../src/failover/events.ts'
import { GroupController } from '../../src/failover/group-controller.ts'
import { Leadership } from '../../src/failover/leadership.ts'
import type { AuthorityPort, JournalPort } from '../../src/failover/ports.ts'
import { automaticPorts } from './automatic.ts'
import { makeMoveEffects } from './move-effects.ts'
import { makeReturnEffects } from './return-effects.ts'
import { SimProcess } from './sim-clock.ts'
import { REGIONS } from './sim-region.ts'
import { type Asker, GROUP, type RegionCall, type Site } from './site.ts'

const LEASE_MS = 1_500
export const CALL_DEADLINE_MS = 600
/** How late a call that nobody waits for any more may still arrive. */
export const LATE_MOST_MS = 2_400
const SETTLE_MS = 2_600

/** A controller process: the real leadership, runners and machine, on a clock and a network of the simulation. */
export class SimController implements Asker {
  readonly place: string
  readonly #site: Site
  readonly #name: string
  #process: SimProcess
  #life = 0
  #leadership: Leadership | undefined

  constructor(site: Site, name: string, place: string) {
    this.#site = site
    this.#name = name
    this.place = place
    this.#process = new SimProcess(site.clock)
    this.#boot()
  }

  /** Whether it believes that it leads. */
  get isLeading(): boolean {
    return !this.#process.isKilled && this.#leadership?.lease() !== undefined
  }

  kill(): void {
    this.#process.kill()
  }

  restart(): void {
    if (!this.#process.isKilled) return
    this.#process = new SimProcess(this.#site.clock)
    this.#boot()
  }

  pause(): void {
    this.#process.pause()
  }

  wake(): void {
    this.#process.wake()
  }

  jumpClock(byMs: number): void {
    this.#process.skewMs += byMs
  }

  /** Sends a message to a region and brings the answer back, unless one of the two is lost. */
  async ask<Answer>(
    call: RegionCall,
    signal: AbortSignal,
    perform: (answer: (value: Answer) => void) => void,
  ): Promise<Answer> {
    const { world, clock, random, onCall, onArrival } = this.#site
    const process = this.#process
    const fate = onCall(call)
    return await untilAborted(signal, (resolve) => {
      if (fate === 'kill-before') {
        this.kill()
        return
      }
      if (fate === 'kill-late') this.kill()
      const isLate = fate === 'late' || fate === 'kill-late'
      const lateMs = CALL_DEADLINE_MS + random.next() * (LATE_MOST_MS - CALL_DEADLINE_MS)
      const delayMs = isLate ? lateMs : 1 + random.next() * 15
      const answer = (value: Answer) => {
        clock.schedule(1 + random.next() * 15, () => process.deliver(() => resolve(value)), true)
      }
      const arrive = () => {
        if (!world.canReach(this.place, call.region) || !world.region(call.region).isAlive) return
        onArrival(call)
        perform(answer)
        world.checkWritable()
        if (fate === 'kill-after') this.kill()
      }
      clock.schedule(delayMs, arrive, false)
    })
  }

  /** A step takes time, such as rights reaching the brokers. */
  async rest(delayMs: number, signal: AbortSignal): Promise<void> {
    const process = this.#process
    await untilAborted<void>(signal, (resolve) => {
      process.setTimer(delayMs, () => resolve())
    })
  }

  #boot(): void {
    const { world, breaks, random } = this.#site
    const clock = this.#process
    const events = createEvents<FailoverEvents>()
    events.on('failover:error', ({ error }) => {
      const text = error instanceof Error ? error.message : String(error)
      if (text.startsWith('impossible')) world.violate('F4', text)
    })
    const holder = `${this.#name}-${++this.#life}`
    const authority = breaks.authority(this.#authority())
    const settleMs = breaks.has('no-settling-after-takeover') ? 0 : SETTLE_MS
    const leadership = new Leadership({
      authority,
      clock,
      events,
      name: 'controllers',
      holder,
      ttlMs: LEASE_MS,
      settleMs,
    })
    this.#leadership = leadership
    const lead = breaks.leadership(leadership)
    const effects = makeMoveEffects(this.#site, this)
    const returns = makeReturnEffects(this.#site, this)
    const journal = this.#journal()
    const automatic = automaticPorts(this.#site, this, { clock, authority, journal })
    const controller = new GroupController({
      group: GROUP,
      actor: holder,
      authority,
      journal,
      ...(automatic !== undefined && { automatic }),
      leadership: lead,
      clock,
      events,
      pollMs: 60,
      idleMs: 400,
      callDeadlineMs: CALL_DEADLINE_MS,
      settleMs: breaks.has('no-waiting-for-lost-calls') ? 0 : settleMs,
      regions: REGIONS,
      effects: breaks.moveEffects(effects, world),
      returns: breaks.returnEffects(returns),
    })
    // Processes do not start at the same moment.
    clock.setTimer(random.next() * 50, () => {
      leadership.start()
      controller.start()
    })
  }

  #journal(): JournalPort {
    const { authority, breaks } = this.#site
    return {
      append: async ({ kind, operation = '', facts }, signal) => {
        if (breaks.has('no-journal') && kind === 'effect-started') return
        await this.#askAuthority(signal, () => {
          authority.journal.push({ kind, operation, facts })
        })
      },
    }
  }

  #authority(): AuthorityPort {
    const { authority } = this.#site
    return {
      read: async (key, signal) => await this.#askAuthority(signal, () => authority.read(key)),
      write: async (key, value, options, signal) => {
        try {
          return await this.#askAuthority(signal, () => authority.write(key, value, options), true)
        } catch {
          return { kind: 'unknown', reason: 'no answer' }
        }
      },
      acquire: async (name, holder, ttlMs, signal) =>
        await this.#askAuthority(signal, () => authority.acquire(name, holder, ttlMs)),
      renew: async (lease, signal) => await this.#askAuthority(signal, () => authority.renew(lease, LEASE_MS)),
      release: async (lease, signal) => await this.#askAuthority(signal, () => authority.release(lease)),
    }
  }

  /** How the next writes fare: lost on the way, or accepted with the answer lost. */
  nextWrites: ('lost' | 'unanswered')[] = []

  async #askAuthority<Answer>(signal: AbortSignal, perform: () => Answer, isWrite = false): Promise<Answer> {
    const { authority, world, clock, random } = this.#site
    const process = this.#process
    const fate = isWrite ? this.nextWrites.shift() : undefined
    return await untilAborted(signal, (resolve, reject) => {
      const timer = process.setTimer(CALL_DEADLINE_MS, () => reject(new Error('the authority does not answer')))
      const arrive = () => {
        if (fate === 'lost' || authority.isOut || world.isolated.has(this.place)) return
        const answer = perform()
        if (fate === 'unanswered') return
        const receive = () => {
          timer.cancel()
          resolve(answer)
        }
        clock.schedule(1 + random.next() * 8, () => process.deliver(receive), true)
      }
      clock.schedule(1 + random.next() * 8, arrive, false)
    })
  }
}

/** Settles with the answer, or rejects when the signal is aborted first. */
function untilAborted<Answer>(
  signal: AbortSignal,
  begin: (resolve: (value: Answer) => void, reject: (error: Error) => void) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('no answer'))
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const settled = () => signal.removeEventListener('abort', onAbort)
    begin(
      (value) => {
        settled()
        resolve(value)
      },
      (error) => {
        settled()
        reject(error)
      },
    )
  })
}
