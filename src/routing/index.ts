/** Points clients at the active region, and moves those that stay where they were: what the operator provides for it. */
export type { RunProgram } from './command-provider.ts'
export { parseServer } from './dns/exchange.ts'
export { canonicalData, canonicalName, isDnsName, isSameData } from './dns/message.ts'
export {
  EvictionOptions,
  type EvictionProviderOptions,
  RoutingOptions,
  type RoutingProviderOptions,
} from './options.ts'
export {
  type ProviderFiles,
  type ResolvedEviction,
  type ResolvedRouting,
  resolveEviction,
  resolveRouting,
} from './resolve.ts'
export type { ClientMove, EvictionProvider, ProviderStep, RoutingCheck, RoutingProvider } from './provider.ts'
export { evictionProvider, type ProviderParts, routingProvider } from './providers.ts'
