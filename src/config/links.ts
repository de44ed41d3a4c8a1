import { type LinkName, linkName, type RegionName, regionName } from '../core/index.ts'
import {
  type LinkBandwidthOptions,
  type LinkTransform,
  type ResolvedPolicies,
  resolveDeletions,
  resolvePolicies,
  resolveTraffic,
} from '../replication/index.ts'
import { ALL, impliedLinkName } from './failover-groups.ts'
import { isExpression, type PatternSelection, selectionOf } from './patterns.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { Entry, UsableConfig } from './validate.ts'
import type { ConfigFile } from './schema.ts'

/** A directed copy, declared or implied by a failover group. */
export interface LinkConfig {
  readonly name: LinkName
  readonly source: RegionName
  readonly target: RegionName
  readonly topics: PatternSelection
  /** Nothing included: positions are not synced. */
  readonly consumerGroups: PatternSelection
  /** With `{topic}` and possibly `{source}`; null keeps the name. */
  readonly rename: string | null
  readonly start: StartPoint
  readonly policies: ResolvedPolicies
  readonly traffic: LinkBandwidthOptions
  readonly deletions: ReturnType<typeof resolveDeletions>
  readonly transform: LinkTransform | undefined
  /** The failover group that implies it; null where it was declared. */
  readonly failoverGroup: string | null
}

export type StartPoint = 'earliest' | 'latest' | { readonly timestampMs: number }

/** A link and the place in the file that stands for it. */
export interface PlacedLink extends LinkConfig {
  readonly path: Path
}

const NONE: PatternSelection = { include: [], exclude: [] }

/** The declared links, then those that failover groups imply, from their first region to each other. */
export function deriveLinks(file: UsableConfig, problems: ProblemCollector): PlacedLink[] {
  const declared = file.links.map(({ at, entry: link }) => ({
    name: linkName(link.name),
    source: regionName(link.source),
    target: regionName(link.target),
    topics: selection(link.topics, NONE),
    consumerGroups: selection(link.consumerGroups, NONE),
    rename: link.rename ?? null,
    start: parseStart(link.start, ['links', at, 'start'], problems),
    policies: resolvePolicies(link.policies),
    traffic: resolveTraffic(link.traffic),
    deletions: resolveDeletions(link.deletions),
    transform: link.transform,
    failoverGroup: null,
    path: ['links', at],
  }))
  const implied = file.failoverGroups.flatMap((group) => impliedLinks(group, problems))
  return [...declared, ...implied]
}

function impliedLinks(
  { at: groupAt, entry: group }: Entry<NonNullable<ConfigFile['failoverGroups']>[number]>,
  problems: ProblemCollector,
): PlacedLink[] {
  const path: Path = ['failoverGroups', groupAt]
  const [active, ...standbys] = group.regions
  if (active === undefined) return []
  const start = parseStart(group.start, [...path, 'start'], problems)
  return standbys.map((standby, at) => {
    return {
      name: linkName(impliedLinkName(group.name, active, standby)),
      source: regionName(active),
      target: regionName(standby),
      topics: selection(group.topics, NONE),
      consumerGroups: selection(group.consumerGroups, ALL),
      rename: null,
      start,
      policies: resolvePolicies(group.policies),
      traffic: resolveTraffic(group.traffic),
      deletions: resolveDeletions(group.deletions),
      transform: group.transform,
      failoverGroup: group.name,
      path: [...path, 'regions', at + 1],
    }
  })
}

function selection(
  given: { include: string[]; exclude?: string[] | undefined } | undefined,
  otherwise: PatternSelection,
): PatternSelection {
  return given === undefined ? otherwise : selectionOf(given)
}

/** The names on the target. A regular expression under a new name is any text. */
export function written(link: PlacedLink): PatternSelection {
  const pattern = link.rename
  if (pattern === null || pattern === '{topic}') return link.topics
  const fill = (topic: string) => pattern.replaceAll('{source}', link.source).replaceAll('{topic}', () => topic)
  return {
    include: link.topics.include.map((entry) => fill(isExpression(entry) ? '*' : entry)),
    exclude: link.topics.exclude.filter((entry) => !isExpression(entry)).map(fill),
  }
}

function parseStart(text: string | undefined, path: Path, problems: ProblemCollector): StartPoint {
  if (text === undefined || text === 'earliest') return 'earliest'
  if (text === 'latest') return 'latest'
  const timestampMs = Date.parse(text)
  if (Number.isNaN(timestampMs)) problems.error(path, `"${text}" is not a time that exists`, 'correct the date')
  return { timestampMs }
}
