/** What the guards of a failover group judge by, looked up in its regions. */
export { lookAtSource } from './copies.ts'
export { makeGather } from './gather.ts'
export { authorityFallsWith, guardLimitsOf } from './guard-limits.ts'
export { Looks } from './looks.ts'
export type { GatherParts } from './parts.ts'
export { countClients, type ReaderScope } from './readers.ts'
export { type SeenEnd, SourceRates } from './source-rates.ts'
