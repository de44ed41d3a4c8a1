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
  /** What was not as it should be, one sentence each. */
  readonly wrong: string[]
}

const MOVE_LIMIT_MS = 120_000

export class ConsoleStory {
  readonly counts: StoryCounts = { moves: 0, wrong: [] }
  readonly #stage: FailoverStage
  readonly #isthmus: IsthmusProcess
  readonly #driver: ConsoleDriver
  readonly #context: TrialContext
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
    const [, standby = ''] = parts.stage.regions.all.map(({ name }) => name)
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
}
