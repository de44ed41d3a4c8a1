import { eitherSignal, withSignal } from '../../core/index.ts'
import type { Shard } from '../shards/shard.ts'
import type { Tenure } from '../shards/tenure.ts'

/** The place of one shard in this process: empty while another replicator has it. Flows wait at it for a tenure. */
export class ShardSlot {
  readonly number: number
  #held: { readonly shard: Shard; readonly emptied: AbortController } | undefined
  #whenHeld = Promise.withResolvers<void>()

  constructor(number: number) {
    this.number = number
  }

  get shard(): Shard | undefined {
    return this.#held?.shard
  }

  hold(shard: Shard): void {
    this.#held = { shard, emptied: new AbortController() }
    shard.start()
    this.#whenHeld.resolve()
  }

  /** The flows get no tenure from it any more; what they have they keep until its owner ends it. */
  empty(): Shard | undefined {
    const held = this.#held
    if (held === undefined) return undefined
    this.#held = undefined
    this.#whenHeld = Promise.withResolvers()
    held.emptied.abort(new Error('the shard is no longer here'))
    return held.shard
  }

  /**
   * The tenure in force, or the next one, however long the shard is elsewhere. Rejects when the signal aborts or the
   * shard is lost for this process.
   */
  async tenure(signal: AbortSignal): Promise<Tenure> {
    for (;;) {
      await withSignal(this.#whenHeld.promise, signal)
      const held = this.#held
      if (held === undefined) continue
      const either = eitherSignal(signal, held.emptied.signal)
      try {
        return await held.shard.tenure(either.signal)
      } catch (error) {
        if (signal.aborted || !held.emptied.signal.aborted) throw error
      } finally {
        either.release()
      }
    }
  }
}
