import { type Clock, isFault, pause } from '../../core/index.ts'
import type { ClientPolicy } from '../../kubernetes/index.ts'
import type { DoorAction, DoorStep, GateDoor } from './gate-door.ts'

/** A NetworkPolicy that admits clients. Each call ends by itself: those to an API server are bounded. */
export class PolicyDoor implements GateDoor {
  readonly hasCheck = true
  readonly #policy: ClientPolicy
  readonly #clock: Clock

  constructor(policy: ClientPolicy, clock: Clock) {
    this.#policy = policy
    this.#clock = clock
  }

  async run(action: DoorAction, waitMs: number, signal: AbortSignal): Promise<DoorStep> {
    try {
      if (action === 'check') return { kind: 'done', position: await this.#policy.look(signal) }
      const position = action === 'open' ? 'open' : 'closed'
      const isThere = await this.#policy.move(position, signal)
      if (isThere) return { kind: 'done', position }
      // Somebody else has changed it meanwhile, and may be at it still.
      await pause(this.#clock, waitMs, signal)
      return { kind: 'running' }
    } catch (error) {
      signal.throwIfAborted()
      if (isFault(error)) return { kind: 'failed', fault: error }
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#policy.close()
  }
}
