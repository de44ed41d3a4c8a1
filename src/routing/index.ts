/** Points clients at the active region, and moves those that stay where they were: what the operator provides for it. */
export { type CommandProviderOptions, commandEviction, commandRouting, type RunProgram } from './command-provider.ts'
export {
  EvictionOptions,
  type ResolvedEviction,
  type ResolvedRouting,
  resolveEviction,
  resolveRouting,
  RoutingOptions,
} from './options.ts'
export type { ClientMove, EvictionProvider, ProviderStep, RoutingCheck, RoutingProvider } from './provider.ts'
