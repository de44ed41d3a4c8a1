import type { Clock } from '../core/index.ts'
import type { EffectName } from './moves/steps.ts'
import type { ReturnEffectName } from './returns/return-steps.ts'

/**
 * Calls whose answer was lost may come into force later. Until that can no longer happen, nothing that contradicts them
 * is begun in the same region: no fence is lifted after a fence call that got lost, and none is set after a lift.
 * Repeating the same call is harmless. A process that takes over waits for the same time before it does anything
 * (`leadership.ts`), so this needs no memory beyond the process.
 */
type Touch = 'deny' | 'allow' | 'take-over' | 'copy'

export type AnyEffect = EffectName | ReturnEffectName | 'fenceAhead' | 'unfence'

/** The regions of a call by the side they are on. */
export type Sides = Readonly<Partial<Record<'from' | 'to' | 'region', string>>>

/** What a late arrival of one would undo of the other. */
const OPPOSITE: Readonly<Record<Touch, Touch>> = {
  deny: 'allow',
  allow: 'deny',
  'take-over': 'copy',
  copy: 'take-over',
}

/** Which regions an effect changes in a way that something later could contradict. */
const TOUCHES: Readonly<Partial<Record<AnyEffect, readonly { readonly side: keyof Sides; readonly touch: Touch }[]>>> =
  {
    fence: [{ side: 'from', touch: 'deny' }],
    fenceAhead: [{ side: 'from', touch: 'deny' }],
    unfence: [{ side: 'from', touch: 'allow' }],
    positions: [{ side: 'from', touch: 'deny' }],
    catchUp: [{ side: 'to', touch: 'take-over' }],
    promote: [{ side: 'to', touch: 'take-over' }],
    open: [{ side: 'to', touch: 'allow' }],
    rollBack: [
      { side: 'from', touch: 'allow' },
      { side: 'to', touch: 'copy' },
    ],
    fenceLost: [{ side: 'region', touch: 'deny' }],
    scan: [{ side: 'region', touch: 'take-over' }],
    reseed: [{ side: 'region', touch: 'take-over' }],
    rejoin: [{ side: 'region', touch: 'copy' }],
  }

interface Touching {
  readonly region: string
  readonly touch: Touch
  underWay: number
  lateUntilMs: number
}

export class UnsettledCalls {
  readonly #clock: Clock
  readonly #settleMs: number
  /** At most four a region. */
  readonly #touchings: Touching[] = []

  constructor(clock: Clock, settleMs: number) {
    this.#clock = clock
    this.#settleMs = settleMs
  }

  /** Why the call has to wait; undefined where it may be made. */
  hold(effect: AnyEffect, sides: Sides): string | undefined {
    const nowMs = this.#clock.monotonicMs()
    for (const { region, touch } of this.#find(effect, sides)) {
      const other = this.#touchings.find((it) => it.region === region && it.touch === OPPOSITE[touch])
      if (other !== undefined && (other.underWay > 0 || other.lateUntilMs > nowMs)) {
        return `a call to ${other.touch} in ${region} is under way, or was lost and may still arrive`
      }
    }
    return undefined
  }

  /** Whether no call is under way, and none that was lost may still arrive. */
  isQuiet(): boolean {
    const nowMs = this.#clock.monotonicMs()
    return this.#touchings.every(({ underWay, lateUntilMs }) => underWay === 0 && lateUntilMs <= nowMs)
  }

  /** Makes the call; where its answer is lost, what contradicts it has to wait. */
  async track<Result>(
    call: { readonly effect: AnyEffect; readonly sides: Sides },
    run: () => Promise<Result>,
    isLost: (result: Result) => boolean,
  ): Promise<Result> {
    const own = this.#find(call.effect, call.sides)
    for (const touching of own) touching.underWay += 1
    let lost = true
    try {
      const result = await run()
      lost = isLost(result)
      return result
    } finally {
      const lateUntilMs = this.#clock.monotonicMs() + this.#settleMs
      for (const touching of own) {
        touching.underWay -= 1
        if (lost) touching.lateUntilMs = lateUntilMs
      }
    }
  }

  #find(effect: AnyEffect, sides: Sides): Touching[] {
    return (TOUCHES[effect] ?? []).flatMap(({ side, touch }) => {
      const region = sides[side]
      if (region === undefined) return []
      const found = this.#touchings.find((it) => it.region === region && it.touch === touch)
      if (found !== undefined) return [found]
      const fresh = { region, touch, underWay: 0, lateUntilMs: 0 }
      this.#touchings.push(fresh)
      return [fresh]
    })
  }
}
