import { type Clock, sleep } from '../core/index.ts'

/**
 * How fast links may fetch: a limit of their own, and their share of the process's limit by weight.
 *
 * What a fetch brings is paid for afterwards, since only then is it known: a link may fetch again once its debt is paid
 * off at its rate. So the limit holds exactly over time, and is passed by at most one fetch for each source broker.
 * Rates are divided anew ten times a second: what a link leaves unused goes to those that were held back.
 */
export interface LinkBandwidthOptions {
  /** Bytes a second; undefined: no limit of its own. */
  readonly limit?: number | undefined
  /** Its part of the process's limit, against the weights of the other links that want more than they get. */
  readonly weight: number
}

/** What one link asked for lately. */
export interface Demand extends LinkBandwidthOptions {
  /** It had to wait, or a fetch brought as much as it may: it would take more. */
  readonly wasHeldBack: boolean
  readonly usedPerSecond: number
}

const DIVIDE_EVERY_MS = 100
/** Credit that an idle link saves up at most. It has to cover the way to the source and back, or the limit is not reached. */
const CREDIT_MS = 1_000
/** A fetch brings no more than this time's worth, so that the pace stays even; over a long way it has to be much. */
const FETCH_MS = 500
/** What a link wanted is seen over this time: a fetch over a long way takes longer than from one division to the next. */
const MEMORY_MS = 1_000
const FETCH_BYTES_MIN = 16 * 1024
/** A link that begins to copy again gets at least this part of its share before it is known to want more. */
const SHARE_LEAST = 0.05
const GROWTH = 1.25

export class Bandwidth {
  readonly #clock: Clock
  /** Bytes a second over all links; undefined: no limit. */
  readonly #limit: number | undefined
  readonly #links: LinkBandwidth[] = []
  #dividedMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, limit: number | undefined) {
    this.#clock = clock
    this.#limit = limit
  }

  join(options: LinkBandwidthOptions): LinkBandwidth {
    const link = new LinkBandwidth(options, this.#clock, () => this.#divide())
    this.#links.push(link)
    this.#dividedMs = Number.NEGATIVE_INFINITY
    this.#divide()
    return link
  }

  /** What it used goes to the others. */
  leave(link: LinkBandwidth): void {
    const index = this.#links.indexOf(link)
    if (index >= 0) this.#links.splice(index, 1)
  }

  #divide(): void {
    const nowMs = this.#clock.monotonicMs()
    const elapsedMs = nowMs - this.#dividedMs
    if (elapsedMs < DIVIDE_EVERY_MS) return
    this.#dividedMs = nowMs
    const demands = this.#links.map((link) => link.takeDemand(elapsedMs))
    const rates = divideBandwidth(this.#limit, demands)
    for (const [index, link] of this.#links.entries()) link.rate = rates[index] ?? Number.POSITIVE_INFINITY
  }
}

export class LinkBandwidth {
  /** Bytes a second, set by whoever divides. */
  rate = Number.POSITIVE_INFINITY
  readonly #options: LinkBandwidthOptions
  readonly #clock: Clock
  readonly #divide: () => void
  #paidOffMs = Number.NEGATIVE_INFINITY
  #hungryMs = Number.NEGATIVE_INFINITY
  #allowedBytes = Number.POSITIVE_INFINITY
  #usedBytes = 0
  #usedPerSecond = 0

  constructor(options: LinkBandwidthOptions, clock: Clock, divide: () => void) {
    this.#options = options
    this.#clock = clock
    this.#divide = divide
  }

  /** Waits until the link may fetch again; resolves with what the fetch may bring at most. */
  async take(signal: AbortSignal): Promise<number> {
    for (;;) {
      this.#divide()
      const waitMs = this.#paidOffMs - this.#clock.monotonicMs()
      if (waitMs <= 0) {
        this.#allowedBytes = Math.max(FETCH_BYTES_MIN, (this.rate * FETCH_MS) / 1_000)
        return this.#allowedBytes
      }
      this.#hungryMs = this.#clock.monotonicMs()
      await sleep(this.#clock, Math.min(waitMs, DIVIDE_EVERY_MS), signal)
    }
  }

  used(bytes: number): void {
    this.#usedBytes += bytes
    if (bytes * 2 > this.#allowedBytes) this.#hungryMs = this.#clock.monotonicMs()
    const fromMs = Math.max(this.#paidOffMs, this.#clock.monotonicMs() - CREDIT_MS)
    this.#paidOffMs = fromMs + (bytes * 1_000) / this.rate
  }

  /** What it wanted lately; to be called at every division. */
  takeDemand(elapsedMs: number): Demand {
    const isFirst = !Number.isFinite(elapsedMs)
    const kept = isFirst ? 0 : Math.exp(-elapsedMs / MEMORY_MS)
    const usedPerSecond = isFirst ? 0 : (this.#usedBytes * 1_000) / elapsedMs
    this.#usedPerSecond = kept * this.#usedPerSecond + (1 - kept) * usedPerSecond
    this.#usedBytes = 0
    const wasHeldBack = this.#clock.monotonicMs() - this.#hungryMs < MEMORY_MS
    return { ...this.#options, wasHeldBack, usedPerSecond: this.#usedPerSecond }
  }
}

/** Rates, in the order of the links: weighted max-min fairness among those that were held back. */
export function divideBandwidth(limit: number | undefined, links: readonly Demand[]): number[] {
  if (limit === undefined) return links.map((link) => link.limit ?? Number.POSITIVE_INFINITY)
  const weights = links.reduce((sum, { weight }) => sum + weight, 0)
  const wanted = links.map((link) => {
    const least = (limit * link.weight * SHARE_LEAST) / weights
    const demand = link.wasHeldBack ? Number.POSITIVE_INFINITY : Math.max(least, link.usedPerSecond * GROWTH)
    return Math.min(demand, link.limit ?? Number.POSITIVE_INFINITY)
  })
  return shareByWeight(limit, wanted, links)
}

/** Water-filling: who wants less than the share gets what is wanted, and the rest is shared anew. */
function shareByWeight(limit: number, wanted: readonly number[], links: readonly Demand[]): number[] {
  const rates = links.map(() => 0)
  const open = new Set(links.keys())
  let left = limit
  while (open.size > 0) {
    const weights = [...open].reduce((sum, index) => sum + (links[index]?.weight ?? 0), 0)
    const share = (index: number) => (left * (links[index]?.weight ?? 0)) / weights
    const content = [...open].filter((index) => (wanted[index] ?? 0) <= share(index))
    const settled = content.length > 0 ? content : [...open]
    const shares = settled.map((index) => [index, content.length > 0 ? (wanted[index] ?? 0) : share(index)] as const)
    for (const [index, rate] of shares) {
      rates[index] = rate
      left -= rate
      open.delete(index)
    }
  }
  return rates
}
