import { isName, type RegionName, regionName } from '../core/index.ts'
import { type PatternSelection, selectionOf } from './patterns.ts'
import { resolveFailoverOptions } from './failover-options.ts'
import { type ResolvedEviction, type ResolvedRouting, resolveEviction, resolveRouting } from '../routing/index.ts'
import type { ConfigFile } from './schema.ts'

/** What a failover group is made of, and how it moves: defaults filled in, times in milliseconds. */
export interface FailoverGroupConfig {
  readonly name: string
  /** Ranked; the first is active while nothing else is recorded. */
  readonly regions: readonly RegionName[]
  readonly topics: PatternSelection
  readonly consumerGroups: PatternSelection
  readonly objectives: Objectives
  readonly mode: FailoverMode
  readonly timings: FailoverTimings
  /** How clients are moved; undefined where that is nobody's work here. */
  readonly routing: ResolvedRouting | undefined
  readonly eviction: ResolvedEviction | undefined
}

export interface Objectives {
  /** Null: none is promised. */
  readonly rpoMs: number | null
  readonly rtoMs: number | null
}

export type FailoverMode = 'manual' | 'observe'

export interface FailoverTimings {
  readonly writePauseMs: number
  readonly settleMs: number
  readonly cutMs: number
  readonly groupGraceMs: number
  readonly catchUpMs: number
  readonly evictMs: number
  readonly cooldownMs: number
  readonly dwellMs: number
  readonly fenceCheckMs: number
  readonly positionsFreshMs: number
}

type GroupFile = NonNullable<ConfigFile['failoverGroups']>[number]

export function resolveFailoverGroup(group: GroupFile): FailoverGroupConfig {
  const { rpoSeconds, rtoSeconds } = group.objectives ?? {}
  const { mode, ...options } = resolveFailoverOptions(group.failover)
  return {
    name: group.name,
    regions: group.regions.map(regionName),
    topics: selectionOf(group.topics),
    consumerGroups: group.consumerGroups === undefined ? ALL : selectionOf(group.consumerGroups),
    objectives: { rpoMs: inMs(rpoSeconds), rtoMs: inMs(rtoSeconds) },
    mode,
    routing: group.routing && resolveRouting(group.routing),
    eviction: group.eviction && resolveEviction(group.eviction),
    timings: {
      writePauseMs: options.writePauseSeconds * 1_000,
      settleMs: options.settleSeconds * 1_000,
      cutMs: options.cutSeconds * 1_000,
      groupGraceMs: options.groupGraceSeconds * 1_000,
      catchUpMs: options.catchUpSeconds * 1_000,
      evictMs: options.evictSeconds * 1_000,
      cooldownMs: options.cooldownSeconds * 1_000,
      dwellMs: options.dwellSeconds * 1_000,
      fenceCheckMs: options.fenceCheckSeconds * 1_000,
      positionsFreshMs: options.positionsFreshSeconds * 1_000,
    },
  }
}

/** Consumer groups that a failover group takes where it names none. */
export const ALL: PatternSelection = { include: ['*'], exclude: [] }

/** Name of the link that a group has from one of its regions to another while the first is active. */
export function impliedLinkName(group: string, active: string, standby: string): string {
  return `${group}-${active}-to-${standby}`
}

/** Of every link that the group may ever have: each of its regions can become active. */
export function impliedLinkNames({ name, regions }: Pick<GroupFile, 'name' | 'regions'>): string[] {
  return regions.flatMap((active) => {
    return regions.filter((standby) => standby !== active).map((standby) => impliedLinkName(name, active, standby))
  })
}

/** Parts that are names, put together to one that is none: it is too long. */
export function firstLongLinkName({ name, regions }: Pick<GroupFile, 'name' | 'regions'>): string | undefined {
  if (![name, ...regions].every(isName)) return undefined
  return impliedLinkNames({ name, regions }).find((link) => !isName(link))
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1_000
}
