export interface GatherOptions<Item, Outcome> {
  /** Items that go together at most. */
  readonly itemsMax: number
  /** Two items of the same key never go together. */
  keyOf(item: Item): string
  /** One outcome an item, in their order. */
  send(items: readonly Item[]): Promise<readonly Outcome[]>
}

/**
 * Makes one call out of many that are asked for at about the same time: the first goes at once, and whatever is asked
 * for while it is under way goes together afterwards. One call is under way at a time. A call that fails, fails for all
 * of its items; nothing is tried again.
 */
export class Gather<Item, Outcome> {
  readonly #options: GatherOptions<Item, Outcome>
  #waiting: Ask<Item, Outcome>[] = []
  #isBusy = false

  constructor(options: GatherOptions<Item, Outcome>) {
    this.#options = options
  }

  ask(item: Item): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (!this.#isBusy) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      try {
        const outcomes = await this.#options.send(taken.map(({ item }) => item))
        for (const [index, { resolve }] of taken.entries()) resolve(outcomes[index] as Outcome)
      } catch (error) {
        for (const { reject } of taken) reject(error)
      }
    }
    this.#isBusy = false
  }

  #take(): Ask<Item, Outcome>[] {
    const { itemsMax } = this.#options
    const keys = new Set<string>()
    const taken: Ask<Item, Outcome>[] = []
    this.#waiting = this.#waiting.filter((ask) => {
      const key = this.#options.keyOf(ask.item)
      if (taken.length >= itemsMax || keys.has(key)) return true
      keys.add(key)
      taken.push(ask)
      return false
    })
    return taken
  }
}

interface Ask<Item, Outcome> {
  readonly item: Item
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}
