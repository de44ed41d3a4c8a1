import { canonicalJson } from '../core/index.ts'
import { hasCanary } from './drills.ts'
import type { ConfigFile } from './schema.ts'

/**
 * What of a changed file a process can go on with, and what counts only after a restart. Pure, on files that are valid.
 *
 * Safe is what can be put together anew while everything else runs: declared links, receivers of notifications, and how a
 * failover group is copied, guarded and moved. Not safe is what tells who this process is and whom it speaks to: regions
 * with their credentials, the authority, memory and membership, health, the API. Which failover groups there are, in
 * which regions, is not safe either: their documents and fences are kept under these names.
 */
type GroupFile = NonNullable<ConfigFile['failoverGroups']>[number]

const SAFE_OF_GROUP = [
  'topics',
  'consumerGroups',
  'start',
  'policies',
  'traffic',
  'deletions',
  'transform',
  'objectives',
  'failover',
  'routing',
  'eviction',
  'drills',
] as const satisfies readonly (keyof GroupFile)[]

/** `running` with everything of `wanted` that is safe. */
export function mergeSafe(running: ConfigFile, wanted: ConfigFile): ConfigFile {
  const { links: _links, notifications: _notifications, failoverGroups = [], ...fixed } = running
  const { links, notifications } = wanted
  const groups = failoverGroups.map((group) => mergeGroup(group, wanted))
  return {
    ...fixed,
    ...(running.failoverGroups && { failoverGroups: groups }),
    ...(links && { links }),
    ...(notifications && { notifications }),
  }
}

function mergeGroup(group: GroupFile, wanted: ConfigFile): GroupFile {
  const other = wanted.failoverGroups?.find(({ name }) => name === group.name)
  if (other === undefined) return group
  const safe: ReadonlySet<string> = new Set(SAFE_OF_GROUP)
  const keysOf = (from: GroupFile, isSafe: boolean) =>
    Object.fromEntries(Object.entries(from).filter(([key]) => safe.has(key) === isSafe))
  const merged = { ...keysOf(group, false), ...keysOf(other, true) } as GroupFile
  // Drills of level canary come with a failover group of their own, unless there is one already.
  if (hasCanary(merged) === hasCanary(group)) return merged
  const { drills: _drills, ...rest } = merged
  return { ...rest, ...(group.drills && { drills: group.drills }) }
}

/** The keys in which two files differ, such as `failoverGroups[orders].topics`, `links[weather]` and `api.listen`. */
export function listDifferences(one: ConfigFile, other: ConfigFile): string[] {
  const [left, right] = [one, other] as Readonly<Record<string, unknown>>[]
  return keysOf(left, right).flatMap((key) => differencesAt(key, left?.[key], right?.[key]))
}

function differencesAt(path: string, one: unknown, other: unknown): string[] {
  if (isSame(one, other)) return []
  const [left, right] = [entriesByName(one), entriesByName(other)]
  if (left !== undefined && right !== undefined) {
    return [...new Set([...left.keys(), ...right.keys()])].flatMap((name) => {
      return keysWithin(`${path}[${name}]`, left.get(name), right.get(name))
    })
  }
  return keysWithin(path, one, other)
}

/** One level down, where both are there. */
function keysWithin(path: string, one: unknown, other: unknown): string[] {
  if (isSame(one, other)) return []
  if (!isObject(one) || !isObject(other)) return [path]
  return keysOf(one, other).flatMap((key) => (isSame(one[key], other[key]) ? [] : [`${path}.${key}`]))
}

/** A list of named entries, or none at all; undefined for anything else. */
function entriesByName(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value === undefined) return new Map()
  if (!Array.isArray(value)) return undefined
  const entries = (value as unknown[]).map((entry) => (isObject(entry) ? [entry['name'], entry] : [undefined, entry]))
  const isNamed = entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string')
  return isNamed ? new Map(entries) : undefined
}

function keysOf(...objects: (object | undefined)[]): string[] {
  return [...new Set(objects.flatMap((one) => Object.keys(one ?? {})))]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson({ value: one }) === canonicalJson({ value: other })
}
