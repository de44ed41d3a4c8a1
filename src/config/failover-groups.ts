import { isName, type RegionName, regionName } from '../core/index.ts'
import { type PatternSelection, selectionOf } from './patterns.ts'
import { resolveFailoverOptions } from './failover-options.ts'
import type { ResolvedEviction, ResolvedRouting } from '../routing/index.ts'
import { type ConfigFile, DEFAULT_OUTAGE_HOURS } from './schema.ts'
import type { DrillSchedule } from '../failover/index.ts'
import { canaryGroupName, canaryOwner, hasCanary, resolveDrills } from './drills.ts'

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
  /** How clients are moved, in this order; empty where that is nobody's work here. */
  readonly routing: readonly ResolvedRouting[]
  readonly eviction: readonly ResolvedEviction[]
  readonly drills: readonly DrillSchedule[]
  /** Name of the group that its canary drills move; null where there are none. */
  readonly canary: string | null
  /** Of a canary group, the group whose drills move it; null where it is one of the file. */
  readonly canaryOf: string | null
}

export interface Objectives {
  /** Null: none is promised. */
  readonly rpoMs: number | null
  readonly rtoMs: number | null
  /** How long a standby may be away and find every record at its source. */
  readonly outageMs: number
}

export type FailoverMode = 'manual' | 'observe' | 'automatic'

export interface FailoverTimings {
  readonly writePauseMs: number
  readonly settleMs: number
  readonly cutMs: number
  readonly groupGraceMs: number
  readonly catchUpMs: number
  readonly rerouteMs: number
  readonly evictMs: number
  readonly cooldownMs: number
  readonly dwellMs: number
  readonly fenceCheckMs: number
  readonly positionsFreshMs: number
}

type GroupFile = NonNullable<ConfigFile['failoverGroups']>[number]

export function resolveFailoverGroup(
  group: GroupFile,
  clients: Pick<FailoverGroupConfig, 'routing' | 'eviction'>,
): FailoverGroupConfig {
  const { rpoSeconds, rtoSeconds, outageHours = DEFAULT_OUTAGE_HOURS } = group.objectives ?? {}
  const { mode, ...options } = resolveFailoverOptions(group.failover)
  return {
    name: group.name,
    regions: group.regions.map(regionName),
    topics: selectionOf(group.topics),
    consumerGroups: group.consumerGroups === undefined ? ALL : selectionOf(group.consumerGroups),
    objectives: { rpoMs: inMs(rpoSeconds), rtoMs: inMs(rtoSeconds), outageMs: outageHours * 3_600_000 },
    mode,
    ...clients,
    drills: resolveDrills(group),
    canary: hasCanary(group) ? canaryGroupName(group.name) : null,
    canaryOf: canaryOwner(group),
    timings: {
      writePauseMs: options.writePauseSeconds * 1_000,
      settleMs: options.settleSeconds * 1_000,
      cutMs: options.cutSeconds * 1_000,
      groupGraceMs: options.groupGraceSeconds * 1_000,
      catchUpMs: options.catchUpSeconds * 1_000,
      rerouteMs: options.rerouteSeconds * 1_000,
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

interface NamedRegions {
  readonly name: string
  readonly regions: readonly string[]
}

/** Of every link that the group may ever have: each of its regions can become active. */
export function impliedLinkNames({ name, regions }: NamedRegions): string[] {
  return regions.flatMap((active) => {
    return regions.filter((standby) => standby !== active).map((standby) => impliedLinkName(name, active, standby))
  })
}

/** By the name of every link that a failover group may ever have, the group. */
export function groupsOfLinks({
  failoverGroups,
}: {
  readonly failoverGroups: readonly NamedRegions[]
}): ReadonlyMap<string, string> {
  return new Map(failoverGroups.flatMap((group) => impliedLinkNames(group).map((link) => [link, group.name] as const)))
}

/** Parts that are names, put together to one that is none: it is too long. */
export function firstLongLinkName({ name, regions }: NamedRegions): string | undefined {
  if (![name, ...regions].every(isName)) return undefined
  return impliedLinkNames({ name, regions }).find((link) => !isName(link))
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1_000
}
