import type { RegionName } from '../core/index.ts'
import type { Finding } from './grade.ts'
import type { HealthLevel } from './health.ts'
import type { VantageVote, Verdict } from './judge.ts'

/** What the watching of regions tells the rest: changes only, each with its reason. */
export type RegionEvents = {
  /** As seen from here. `from` is null the first time. */
  'region:health': {
    readonly region: RegionName
    readonly from: HealthLevel | null
    readonly to: HealthLevel
    readonly reason: string
    readonly findings: readonly Finding[]
  }
  /** With what the other vantage points see. */
  'region:verdict': {
    readonly region: RegionName
    readonly from: Verdict | null
    readonly to: Verdict
    readonly reason: string
    readonly votes: readonly VantageVote[]
  }
  /** No canary can be written or read, for a reason that says nothing about the region. */
  'region:canary-unavailable': { readonly region: RegionName; readonly reason: string }
  'region:probe-error': { readonly region: RegionName; readonly error: unknown }
  /** This observer does not trust itself: it judges nothing until `observer:trusted`. */
  'observer:doubt': { readonly reason: string }
  'observer:trusted': { readonly afterMs: number }
  'vantage:heard': { readonly vantage: string; readonly standsIn: RegionName | null }
  /** Forgotten after `vantageForgetSeconds`; until then it counts in every majority. */
  'vantage:silent': { readonly vantage: string; readonly standsIn: RegionName | null; readonly ageMs: number }
}
