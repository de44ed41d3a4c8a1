import { setTimeout as sleep } from 'node:timers/promises'
import { GROUP, readGroup, untilPlanned } from '../failover-trial/control.ts'
import type { FailoverStage } from '../failover-trial/stage.ts'
import type { IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import type { ConsoleDriver, Look, Move } from './drive.ts'

/**
 * What a person brings about at a browser, while applications write: each part is told what came of it, and that is held
 * against the API. Nothing is ordered but through the page.
 */
export interface StoryCounts {
  moves: number
  aborted: number
  salvaged: number
  drills: number
  /** What was not as it should be, one sentence each. */
  readonly wrong: string[]
}

const MOVE_LIMIT_MS = 120_000
const RETURN_LIMIT_MS = 180_000
const DRILL_LIMIT_MS = 90_000
const ABORTS_MAX = 3
/** Of what the region that is left says, so that a person can be in time to abort. */
const SLOW_MS = 400
/** For as long as records are written that nobody copies any more. */
const LATE_MS = 60_000
const WRITTEN_MS = 2_500

export class ConsoleStory {
  readonly counts: StoryCounts = { moves: 0, aborted: 0, salvaged: 0, drills: 0, wrong: [] }
  readonly #stage: FailoverStage
  readonly #isthmus: IsthmusProcess
  readonly #driver: ConsoleDriver
  readonly #context: TrialContext
  readonly #home: string
  readonly #standby: string

  constructor(parts: {
    readonly stage: FailoverStage
    readonly isthmus: IsthmusProcess
    readonly driver: ConsoleDriver
    readonly context: TrialContext
  }) {
    this.#stage = parts.stage
    this.#isthmus = parts.isthmus
    this.#driver = parts.driver
    this.#context = parts.context
    const [home = '', standby = ''] = parts.stage.regions.all.map(({ name }) => name)
    this.#home = home
    this.#standby = standby
  }

  /** Every page; what axe finds is with the driver. */
  async lookAround(looks: readonly Look[], prefix = ''): Promise<void> {
    await this.#tell(`every page ${prefix}`, async () => {
      await this.#driver.lookAround(looks, prefix)
      return undefined
    })
  }

  /** A part of the story; `play` resolves with what is wrong, or with nothing. */
  async #tell(what: string, play: () => Promise<string | undefined>): Promise<void> {
    const startedMs = performance.now()
    const trouble = await play()
    this.#context.log(`${what}: ${trouble ?? 'as it should be'}, ${Math.round(performance.now() - startedMs)} ms`)
    if (trouble !== undefined) this.counts.wrong.push(`${what}: ${trouble}`)
  }

  async switchOver(): Promise<void> {
    await this.#whenPlanned('switchover', this.#standby)
    await this.#tell('switchover', () => this.#move({ kind: 'switchover', to: this.#standby }))
  }

  async failBack(): Promise<void> {
    await this.#whenPlanned('failback', this.#home)
    await this.#tell('failback', () => this.#move({ kind: 'failback', to: this.#home }))
  }

  /** A move may be past its commit before anybody can press: then it goes home, and is tried again. */
  async abortOne(): Promise<void> {
    await this.#tell('an aborted switchover', async () => {
      for (let attempt = 1; attempt <= ABORTS_MAX; attempt++) {
        await this.#whenPlanned('switchover', this.#standby)
        const delay = this.#delayHome(SLOW_MS)
        await this.#driver.order({ kind: 'switchover', group: GROUP, to: this.#standby, beforeOrder: delay.begin })
        await this.#driver.abort()
        delay.end()
        const state = await this.#driver.untilEnded(MOVE_LIMIT_MS)
        const active = (await readGroup(this.#isthmus))?.active
        if (state === 'rolled back' && active === this.#home) {
          await this.#driver.look('operation-aborted')
          this.counts.aborted++
          return undefined
        }
        if (active === this.#standby) await this.failBack()
      }
      return 'none was'
    })
  }

  /** The active region is lost with records that only it has; it comes back, and a person says what becomes of those. */
  async loseHome(): Promise<void> {
    const { signal } = this.#context
    const { region, gate } = this.#stage.regions.get(this.#home)
    await this.#whenPlanned('switchover', this.#standby)
    const late = this.#delayHome(LATE_MS)
    late.begin()
    await sleep(WRITTEN_MS, undefined, { signal })
    await region.stopBroker(0, { hard: true })
    await this.#tell('failover', () => this.#move({ kind: 'failover', to: this.#standby }))
    await this.#tell('the overview without a standby', async () => {
      const verdict = await this.#driver.readVerdict(GROUP)
      await this.#driver.look('overview-region-lost')
      return verdict === 'nothing stands by' ? undefined : `it says ${verdict}`
    })
    late.end()
    gate?.forget()
    await region.startBroker(0, signal)
    await this.#tell('salvage', async () => {
      await this.#driver.choose('replay', { group: GROUP, region: this.#home }, RETURN_LIMIT_MS)
      this.counts.salvaged++
      const role = (await readGroup(this.#isthmus))?.regions.find(({ region: name }) => name === this.#home)?.role
      return role === 'standby' ? undefined : `the page says it is back, and it is ${role}`
    })
  }

  async drill(): Promise<void> {
    await this.#whenPlanned('switchover', this.#standby)
    await this.#tell('drill', async () => {
      const outcome = await this.#driver.drill(GROUP, 'preflight', DRILL_LIMIT_MS)
      await this.#driver.look('drill-ended')
      this.counts.drills++
      return outcome === 'passed' ? undefined : `it was ${outcome}`
    })
  }

  async #whenPlanned(kind: Move['kind'], to: string): Promise<void> {
    this.#stage.apps.ordered(to)
    await untilPlanned(this.#isthmus, { kind, to }, { limitMs: MOVE_LIMIT_MS, signal: this.#context.signal })
  }

  async #move({ kind, to }: Pick<Move, 'kind' | 'to'>): Promise<string | undefined> {
    this.#stage.apps.ordered(to)
    await this.#driver.order({ kind, group: GROUP, to })
    const state = await this.#driver.untilEnded(MOVE_LIMIT_MS)
    await this.#driver.look(`operation-${kind}`)
    const active = (await readGroup(this.#isthmus))?.active
    if (state !== 'done') return `the page says ${state}`
    if (active !== to) return `the page says done, and ${active ?? 'nothing'} is active`
    this.counts.moves++
    return undefined
  }

  /** What the active region says reaches Isthmus late in between. */
  #delayHome(delayMs: number) {
    const { gate } = this.#stage.regions.get(this.#home)
    const set = (ms: number) => {
      if (gate !== undefined) gate.delayMs = ms
    }
    return { begin: () => set(delayMs), end: () => set(0) }
  }
}
