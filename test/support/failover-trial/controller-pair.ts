import { eventually, type IsthmusProcess } from '../isthmus-process.ts'
import { readGroup } from './control.ts'
import type { FailoverStage } from './stage.ts'

const START_LIMIT_MS = 120_000

/** Two controllers over one authority, and another one for each that is killed. */
export class ControllerPair {
  readonly #stage: FailoverStage
  readonly #signal: AbortSignal
  #starting: Promise<unknown> = Promise.resolve()
  #killed = 0

  private constructor(stage: FailoverStage, signal: AbortSignal) {
    this.#stage = stage
    this.#signal = signal
  }

  /** Beside the one that the stage began with. */
  static async start(stage: FailoverStage, signal: AbortSignal): Promise<ControllerPair> {
    const pair = new ControllerPair(stage, signal)
    pair.#starting = pair.#startAnother()
    await pair.ready()
    return pair
  }

  get killed(): number {
    return this.#killed
  }

  /** The one that has run for longest: it leads, or is about to. */
  get eldest(): IsthmusProcess {
    const [eldest] = this.running
    if (eldest === undefined) throw new Error('no controller runs')
    return eldest
  }

  get running(): readonly IsthmusProcess[] {
    return this.#stage.controllers.filter(({ isRunning }) => isRunning)
  }

  /** Until both of them answer. */
  async ready(): Promise<void> {
    await this.#starting
    const look = async () => {
      const answers = await Promise.all(this.running.map(readGroup))
      return answers.length === 2 && answers.every((it) => it !== undefined) ? true : undefined
    }
    const options = { limitMs: START_LIMIT_MS, signal: this.#signal }
    await eventually('both controllers answer', look, options).catch((error: unknown) => {
      const ends = this.#stage.controllers
        .slice(-2)
        .map(({ log, isRunning }) => [isRunning, ...log.slice(-3)].join('\n'))
      throw new Error(`controllers do not answer: ${ends.join('\n')}`, { cause: error })
    })
  }

  /** SIGKILL to the one that a journal entry names; what it was about to do it does not get to. */
  kill(actor: string): void {
    const found = this.running.find(({ apiUrl }) => actor.endsWith(`-${new URL(apiUrl).port}`))
    if (found === undefined) throw new Error(`no controller ${actor} runs`)
    process.kill(found.pid, 'SIGKILL')
    this.#killed++
    this.#starting = found.exited.then(() => this.#startAnother())
  }

  async #startAnother(): Promise<void> {
    await this.#stage.startController()
  }
}
