import type { CopyRegions, StateCopy } from '../../../src/authority/index.ts'

/** Places for copies of the state, each of which can be down. */
export class RegionsInMemory implements CopyRegions {
  readonly regions: readonly string[]
  readonly down = new Set<string>()
  /** Those that do not answer. */
  readonly stuck = new Set<string>()
  /** Puts that were asked for, as `region key`. */
  readonly puts: string[] = []
  readonly #kept: ReadonlyMap<string, Map<string, string>>

  constructor(...regions: string[]) {
    this.regions = regions
    this.#kept = new Map(regions.map((region) => [region, new Map<string, string>()]))
  }

  async put(region: string, key: string, text: string): Promise<void> {
    this.puts.push(`${region} ${key}`)
    this.#of(region).set(key, text)
  }

  async readAll(region: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    if (this.stuck.has(region)) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      signal.throwIfAborted()
    }
    return new Map(this.#of(region))
  }

  copy(region: string, key: string): StateCopy | undefined {
    const text = this.#kept.get(region)?.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as StateCopy)
  }

  /** As something else would write it. */
  overwrite(region: string, copy: Partial<StateCopy> & { readonly key: string }): void {
    this.#kept.get(region)?.set(copy.key, JSON.stringify(copy))
  }

  #of(region: string): Map<string, string> {
    const kept = this.#kept.get(region)
    if (kept === undefined || this.down.has(region)) throw new Error(`${region} is down`)
    return kept
  }
}
