import { dirname, resolve } from 'node:path'
import { type Clock, describeError, type Events, pause } from '../core/index.ts'
import type { ConfigEvents, ConfigStatus } from '../observability/index.ts'
import { listDifferences, mergeSafe } from './changes.ts'
import { type Config, parseConfig } from './load.ts'
import { formatProblem } from './problems.ts'
import type { ConfigFile } from './schema.ts'
import { type ConfigSources, systemSources } from './sources.ts'
import { parseYaml } from './yaml.ts'

export interface ConfigFollowerOptions {
  /** Path of the file. */
  readonly file: string
  /** What the file held when the process read it. */
  readonly text: string
  /** @defaultValue the file system and the environment of this process */
  readonly sources?: ConfigSources
  readonly clock: Clock
  readonly events: Events<ConfigEvents>
  /** Why nothing may change now, a sentence; undefined where it may. */
  readonly hold: () => string | undefined
  /** Has the process go on with the keys that differ. May be called again with the same, after it has failed. */
  readonly apply: (config: Config, keys: readonly string[], signal: AbortSignal) => Promise<void>
}

const LOOK_EVERY_MS = 2_000
const PROBLEMS_TOLD = 3

/**
 * The configuration file, read again every two seconds: a ConfigMap is exchanged by a link two folders above, which no
 * watch of the file sees. What is safe is applied; of the rest it is told that a restart is needed. A file that cannot be
 * used changes nothing.
 */
export class ConfigFollower {
  readonly #options: ConfigFollowerOptions
  readonly #stopping = new AbortController()
  /** What the process runs with. */
  #running: ConfigFile
  /** The text that nothing is left to do about. */
  #settled: string
  /** Keys of a change that failed half-way: put into force as the file says, even where it says again what it did. */
  #begun: readonly string[] = []
  #status: ConfigStatus
  #loop: Promise<void> | undefined

  constructor(options: ConfigFollowerOptions) {
    const { file, text, clock } = options
    this.#options = options
    this.#running = parseYaml(text).value as ConfigFile
    this.#settled = text
    this.#status = { file, appliedAtMs: clock.nowMs(), restartKeys: [], refused: null, held: null }
  }

  start(): void {
    this.#loop ??= this.#follow()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#loop
  }

  status(): ConfigStatus {
    return this.#status
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await pause(this.#options.clock, LOOK_EVERY_MS, signal)
      if (!signal.aborted) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { file, sources = systemSources } = this.#options
    try {
      const text = sources.readFile(file)
      if (text !== this.#settled || this.#begun.length > 0) await this.#take(text)
      else if (this.#status.refused !== null || this.#status.held !== null) this.#mark({ refused: null, held: null })
    } catch (error) {
      this.#refuse(`it cannot be read: ${describeError(error)}`)
    }
  }

  async #take(text: string): Promise<void> {
    const wrong = this.#parse(text).wrong
    if (wrong !== undefined) return this.#refuse(wrong)
    const wanted = parseYaml(text).value as ConfigFile
    const merged = mergeSafe(this.#running, wanted)
    // What is safe alone may depend on what is not, as a link on a new region.
    const { config } = this.#parse(JSON.stringify(merged))
    const changed = config === undefined ? [] : listDifferences(this.#running, merged)
    const keys = [...new Set([...this.#begun, ...changed])]
    if (config !== undefined && keys.length > 0 && !(await this.#apply(config, keys))) return
    if (config !== undefined) this.#running = merged
    this.#settled = text
    this.#mark({ refused: null, held: null })
    this.#tellRestart(listDifferences(this.#running, wanted))
  }

  /** Whether the keys count now. */
  async #apply(config: Config, keys: readonly string[]): Promise<boolean> {
    const { file, clock, events, hold, apply } = this.#options
    const reason = hold()
    if (reason !== undefined) {
      if (this.#waitFor(reason)) events.emit('config:held', { file, keys, reason })
      return false
    }
    try {
      await apply(config, keys, this.#stopping.signal)
    } catch (error) {
      this.#begun = keys
      const isNews = this.#waitFor(`the next attempt: ${describeError(error)}`)
      if (isNews && !this.#stopping.signal.aborted) events.emit('config:failed', { file, keys, error })
      return false
    }
    this.#begun = []
    this.#mark({ appliedAtMs: clock.nowMs() })
    events.emit('config:applied', { file, keys })
    return true
  }

  #parse(text: string): { readonly config: Config | undefined; readonly wrong: string | undefined } {
    const { file, sources = systemSources } = this.#options
    const { config, problems } = parseConfig(text, dirname(resolve(file)), sources)
    const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem)
    const more = errors.length > PROBLEMS_TOLD ? `; and ${errors.length - PROBLEMS_TOLD} more` : ''
    const wrong = config === undefined ? `${errors.slice(0, PROBLEMS_TOLD).join('; ')}${more}` : undefined
    return { config, wrong }
  }

  /** Told once for each reason, although it is looked at again and again: a file that it names may come. */
  #refuse(reason: string): void {
    const isNews = this.#status.refused !== reason
    this.#mark({ refused: reason, held: null })
    if (isNews) this.#options.events.emit('config:refused', { file: this.#options.file, reason })
  }

  /** Whether it did not wait for this already. */
  #waitFor(held: string): boolean {
    const isNews = held !== this.#status.held
    this.#mark({ refused: null, held })
    return isNews
  }

  #tellRestart(keys: readonly string[]): void {
    const isNews = keys.join() !== this.#status.restartKeys.join()
    this.#mark({ restartKeys: keys })
    if (isNews) this.#options.events.emit('config:restart-needed', { file: this.#options.file, keys })
  }

  #mark(change: Partial<ConfigStatus>): void {
    this.#status = { ...this.#status, ...change }
  }
}
