import type { Fault } from '../../core/index.ts'

export type DoorAction = 'open' | 'close' | 'check'

/** What one call came to. `running`: it has not ended yet, and goes on; whoever calls again for the same waits for it. */
export type DoorStep =
  | { readonly kind: 'running' }
  /** Where it is now. */
  | { readonly kind: 'done'; readonly position: 'open' | 'closed' }
  | { readonly kind: 'failed'; readonly fault: Fault }

/** What opens and closes the listeners of a region for clients. */
export interface GateDoor {
  /** Whether it can be asked where it is. */
  readonly hasCheck: boolean
  /** Waits for at most `waitMs`. What is under way for another action is ended first. Throws only with the signal. */
  run(action: DoorAction, waitMs: number, signal: AbortSignal): Promise<DoorStep>
  /** Ends what is under way, and leaves it as it is. */
  stop(reason: string): Promise<void>
}
