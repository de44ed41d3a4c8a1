import { DEFAULT_DELAYS, isFault, type RetryDelays, type RetryPolicy } from '../core/index.ts'

/** How soon a call is tried again, by what stopped it. */
const DELAYS_BY_CODE: Readonly<Record<number, RetryDelays>> = {
  // Elections and moves take some ten milliseconds where brokers are healthy; metadata is read at most every 100 ms.
  5: { firstMs: 50, mostMs: 1_000 },
  6: { firstMs: 50, mostMs: 1_000 },
  78: { firstMs: 50, mostMs: 500 },
  // A killed coordinator is replaced within 9 to 11 s.
  14: { firstMs: 100, mostMs: 1_000 },
  15: { firstMs: 100, mostMs: 1_000 },
  16: { firstMs: 50, mostMs: 1_000 },
  // Markers of the previous transaction are written within 40 ms as a rule.
  51: { firstMs: 20, mostMs: 500 },
}

/** Retries what the fault calls retriable, at the pace of its protocol code. */
export function retryProtocol(deadlineMs: number): RetryPolicy {
  return {
    deadlineMs,
    delaysFor(error) {
      if (!isFault(error) || !error.retriable) return undefined
      return delaysForCode(error.facts['code'])
    },
  }
}

export function delaysForCode(code: unknown): RetryDelays {
  return (typeof code === 'number' ? DELAYS_BY_CODE[code] : undefined) ?? DEFAULT_DELAYS
}
