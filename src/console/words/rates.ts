import type { LinkBody } from '../../api/contract/index.ts'

/** What a process copies a second, from two looks at what it has copied. Pure but for the look that it keeps. */
export interface Rate {
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
}

interface Look {
  readonly atMs: number
  readonly recordsCopied: number
  readonly bytesCopied: number
}

/** Looks that are closer together say too little. */
const APART_MS = 1_500

export class RateBook {
  readonly #looks = new Map<string, Look>()
  readonly #rates = new Map<string, Rate>()

  /** The rate of a link, as of two looks; undefined before the second, and where a flow went with what it had copied. */
  take({ link, recordsCopied, bytesCopied }: Pick<LinkBody, 'link' | 'recordsCopied' | 'bytesCopied'>, atMs: number) {
    const before = this.#looks.get(link)
    if (before !== undefined && atMs - before.atMs < APART_MS) return this.#rates.get(link)
    this.#looks.set(link, { atMs, recordsCopied, bytesCopied })
    if (before === undefined || recordsCopied < before.recordsCopied) {
      this.#rates.delete(link)
      return undefined
    }
    const seconds = (atMs - before.atMs) / 1_000
    const rate = {
      recordsPerSecond: (recordsCopied - before.recordsCopied) / seconds,
      bytesPerSecond: (bytesCopied - before.bytesCopied) / seconds,
    }
    this.#rates.set(link, rate)
    return rate
  }
}
