/** The only source of randomness, so that a seed reproduces a run. Never used for secrets. */
export interface Random {
  /** In [0, 1). */
  next(): number
}

export const systemRandom: Random = { next: () => Math.random() }

/** mulberry32: 32 bits of state, good enough to spread tests and jitter. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

/** Whole number in [0, limit). */
export function randomBelow(random: Random, limit: number): number {
  return Math.floor(random.next() * limit)
}
