/**
 * Back-pressure in bytes for everything that is fetched and not yet acknowledged, over all links of the process.
 * A fetch reserves what it may receive at most, gives back what it did not, and each batch gives back its size when
 * it is acknowledged or dropped. A single batch may be larger than what is left (a broker always answers with at
 * least one): the budget then goes below zero and nobody fetches until it is paid back.
 */
export class ByteBudget {
  readonly limitBytes: number
  #freeBytes: number
  readonly #waiting: Waiter[] = []

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
    this.#freeBytes = limitBytes
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Takes up to `wantedBytes`, waiting until at least `atLeastBytes` are free; first come, first served. */
  reserve(wantedBytes: number, atLeastBytes: number, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortError(signal))
        return
      }
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(abortError(signal))
        this.#wake()
      }
      const waiter: Waiter = {
        wantedBytes,
        atLeastBytes: Math.min(atLeastBytes, this.limitBytes),
        grant: (bytes) => {
          signal.removeEventListener('abort', onAbort)
          resolve(bytes)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiter)
      this.#wake()
    })
  }

  /** Negative `bytes` take more than was reserved. */
  release(bytes: number): void {
    this.#freeBytes += bytes
    this.#wake()
  }

  #wake(): void {
    for (;;) {
      const first = this.#waiting[0]
      if (first === undefined || this.#freeBytes < first.atLeastBytes) return
      this.#waiting.shift()
      const grantedBytes = Math.min(first.wantedBytes, this.#freeBytes)
      this.#freeBytes -= grantedBytes
      first.grant(grantedBytes)
    }
  }
}

interface Waiter {
  readonly wantedBytes: number
  readonly atLeastBytes: number
  grant(bytes: number): void
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted')
}
