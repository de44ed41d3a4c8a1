import type { Fault } from '../core/index.ts'

/** What clients are moved for. */
export interface ClientMove {
  /** Name of the failover group. */
  readonly group: string
  readonly operation: string
  readonly from: string
  readonly to: string
}

/** `unknown`: it did not end in time; it is asked again. */
export type ProviderStep =
  | { readonly kind: 'done'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'failed'; readonly fault: Fault }

/** `unknown` where nothing can be asked. */
export interface RoutingCheck {
  readonly verdict: 'switched' | 'elsewhere' | 'unknown'
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
