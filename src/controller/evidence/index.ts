/** What the guards of a failover group judge by, looked up in its regions. */
export { makeGather } from './gather.ts'
export { authorityFallsWith, guardLimitsOf } from './guard-limits.ts'
export type { GatherParts } from './parts.ts'
export { countClients, type ReaderScope } from './readers.ts'
export { SourceRates } from './source-rates.ts'
