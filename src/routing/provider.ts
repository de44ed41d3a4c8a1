import { describeError, type Fault } from '../core/index.ts'

/** What clients are moved for. */
export interface ClientMove {
  /** Name of the failover group. */
  readonly group: string
  readonly operation: string
  readonly from: string
  readonly to: string
}

/** `unknown`: it did not end in time, or may succeed later; it is asked again. */
export type ProviderStep =
  | { readonly kind: 'done'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'failed'; readonly fault: Fault }

/** `elsewhere` and `unknown` are asked again: who can be asked has to say so. `unchecked` where nobody can be. */
export interface RoutingCheck {
  readonly verdict: 'switched' | 'elsewhere' | 'unknown' | 'unchecked'
  readonly reason: string
}

/** Switches that by which clients find the active region: a name, a load balancer. It never counts as a fence. */
export interface RoutingProvider {
  readonly name: string
  /** May be called again. */
  switchTo(move: ClientMove, signal: AbortSignal): Promise<ProviderStep>
  check(move: ClientMove, signal: AbortSignal): Promise<RoutingCheck>
  /** Why it could not do its work now; undefined where nothing is known against it. */
  findTrouble(signal: AbortSignal): Promise<string | undefined>
}

/** Has clients leave the old region that are still connected to it. */
export interface EvictionProvider {
  readonly name: string
  /** May be called again. */
  evict(move: ClientMove, signal: AbortSignal): Promise<ProviderStep>
  findTrouble(signal: AbortSignal): Promise<string | undefined>
}

/** A secret of the configuration, which nothing prints. */
export interface HiddenText {
  reveal(): string
}

/** A fault as one line for a guard: what is wrong, and what to do. */
export function explainTrouble(fault: Fault): string {
  return `${describeError(fault)}. ${fault.remedy}`
}
