import type { ConfigEntry } from '../../kafka/index.ts'

/**
 * The configuration of a target topic while its region is standby.
 *
 * A standby lets copies in unchanged and expires nothing by itself: its retention is unlimited, and it follows the
 * start of the source's log with DeleteRecords instead. Everything else the source sets on the topic is carried over,
 * except what is bound to the source's brokers. The source's own values of what the standby overrides are put in force
 * by the promotion; `maskedConfigs` names them.
 *
 * Two things follow the source's effective value, set on the topic or not, because the brokers' defaults may differ:
 * `cleanup.policy` and `max.message.bytes`.
 */
export type Configs = Readonly<Record<string, string>>

/** A null value deletes the override, as in IncrementalAlterConfigs. */
export type ConfigChanges = Readonly<Record<string, string | null>>

export interface StandbyFacts {
  /** Undefined while it is not known: `min.insync.replicas` is then left for the next pass. */
  readonly targetReplicationFactor: number | undefined
  /** Names the target's brokers know, where known: others are not carried over, a broker refuses them. */
  readonly targetConfigNames: ReadonlySet<string> | undefined
}

/** Long.MAX_VALUE, as Kafka writes it. */
const NO_LIMIT = '9223372036854775807'

/** Kafka's default, and so never less: batches that are merged while they are copied fit in it. */
const MAX_MESSAGE_BYTES_LEAST = 1_048_588

/** What brokers from 4.0 on take at the least (KIP-1030); a source before 4.0 may have less. */
const SEGMENT_BYTES_LEAST = 1_048_576

/** The same on every standby. */
const STANDBY: Configs = {
  'compression.type': 'producer',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': NO_LIMIT,
  'message.timestamp.after.max.ms': NO_LIMIT,
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
}

/**
 * Up to 3.9 it is in force while the two limits above have their defaults. Brokers from 4.0 on refuse the name, so it is
 * set only where the target is known to have it; a target that has it is one before 4.0.
 */
const OLD_TIMESTAMP_LIMIT = 'message.timestamp.difference.max.ms'

const MASKED: readonly string[] = [
  ...Object.keys(STANDBY),
  'cleanup.policy',
  'max.message.bytes',
  'min.insync.replicas',
]

/** Bound to brokers or their version, or to a storage tier the other region may not have. */
const NEVER_SYNCED: ReadonlySet<string> = new Set([
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
  'remote.storage.enable',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.copy.lag.ms',
  'remote.copy.lag.bytes',
  'local.retention.ms',
  'local.retention.bytes',
  'message.format.version',
  'message.downconversion.enable',
  'internal.segment.bytes',
  OLD_TIMESTAMP_LIMIT,
])

/** While one of these differs, a standby could refuse, change or lose records: no flow is started on it. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'compression.type',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  OLD_TIMESTAMP_LIMIT,
  'retention.ms',
  'retention.bytes',
  'cleanup.policy',
])

/** What the target topic's own configuration has to be while it is standby. */
export function planStandbyConfigs(source: readonly ConfigEntry[], facts: StandbyFacts): Configs {
  const { targetReplicationFactor: replicas, targetConfigNames: known } = facts
  const configs: Record<string, string> = {}
  for (const { name, value } of ownEntries(source)) {
    const isCarried = !NEVER_SYNCED.has(name) && !MASKED.includes(name) && (known?.has(name) ?? true)
    if (isCarried) configs[name] = value
  }
  const segmentBytes = configs['segment.bytes']
  if (segmentBytes !== undefined && !known?.has(OLD_TIMESTAMP_LIMIT)) {
    configs['segment.bytes'] = String(Math.max(Number(segmentBytes), SEGMENT_BYTES_LEAST))
  }
  Object.assign(configs, STANDBY)
  if (known?.has(OLD_TIMESTAMP_LIMIT)) configs[OLD_TIMESTAMP_LIMIT] = NO_LIMIT
  configs['cleanup.policy'] = standbyPolicy(effective(source, 'cleanup.policy') ?? 'delete')
  const sourceMaxBytes = Number(effective(source, 'max.message.bytes') ?? 0)
  configs['max.message.bytes'] = String(Math.max(sourceMaxBytes, MAX_MESSAGE_BYTES_LEAST))
  if (replicas !== undefined) configs['min.insync.replicas'] = String(minInsyncReplicas(source, replicas))
  return configs
}

/** Whether a topic itself has everything that a standby always has: what a copy looks like from outside. */
export function hasStandbyConfigs(entries: readonly ConfigEntry[]): boolean {
  const own = new Map(ownEntries(entries).map(({ name, value }) => [name, value]))
  return Object.entries(STANDBY).every(([name, value]) => own.get(name) === value)
}

/**
 * Changes that turn what the target topic has into what is wanted.
 *
 * A wanted value has to be set on the topic itself, where no broker's default can shadow it; a larger
 * `max.message.bytes` on the topic is left. An override is deleted by one rule only: `formerly`, the configuration
 * wanted by an earlier pass, named it, it is wanted no more, and the topic still has that very value. So what an operator
 * has set on the target stays, and so does an override whose source went away while Isthmus was not running.
 */
export function planConfigChanges(
  wanted: Configs,
  actual: readonly ConfigEntry[],
  formerly: Configs = {},
): Record<string, string | null> {
  const own = new Map(ownEntries(actual).map(({ name, value }) => [name, value]))
  const changes: Record<string, string | null> = {}
  for (const [name, value] of Object.entries(wanted)) {
    const has = own.get(name)
    const isMet =
      name === 'max.message.bytes' ? has !== undefined && Number(has) >= Number(value) : isSameValue(name, has, value)
    if (!isMet) changes[name] = value
  }
  for (const [name, value] of Object.entries(formerly)) {
    if (!(name in wanted) && own.get(name) === value) changes[name] = null
  }
  return changes
}

/** True while one of the changes is still due that a flow must not start without. */
export function hasEssentialChange(changes: ConfigChanges): boolean {
  return Object.keys(changes).some((name) => ESSENTIAL.has(name))
}

/**
 * The source's own values of everything a standby overrides, in the form of the changes that put them in force: null
 * where the source does not set it, so that the promotion deletes the override.
 */
export function maskedConfigs(source: readonly ConfigEntry[]): Record<string, string | null> {
  const own = new Map(ownEntries(source).map(({ name, value }) => [name, value]))
  const masked: Record<string, string | null> = {}
  for (const name of MASKED) masked[name] = own.get(name) ?? null
  masked['cleanup.policy'] = effective(source, 'cleanup.policy') ?? null
  return masked
}

/**
 * Changes that make an ordinary topic of a standby: the source's own values of all that the standby overrides, where the
 * topic does not have them already.
 */
export function planRestoredConfigs(
  source: readonly ConfigEntry[],
  actual: readonly ConfigEntry[],
  replicas: number,
): ConfigChanges {
  const own = new Map(ownEntries(actual).map(({ name, value }) => [name, value]))
  const restored = maskedConfigs(source)
  const inSync = restored['min.insync.replicas']
  if (inSync && Number(inSync) > replicas) restored['min.insync.replicas'] = String(replicas)
  if (own.has(OLD_TIMESTAMP_LIMIT)) {
    restored[OLD_TIMESTAMP_LIMIT] = ownEntries(source).find(({ name }) => name === OLD_TIMESTAMP_LIMIT)?.value ?? null
  }
  return Object.fromEntries(Object.entries(restored).filter(([name, value]) => (own.get(name) ?? null) !== value))
}

/** True where compaction alone cleans the topic up: it refuses DeleteRecords. */
export function isCompactOnly(source: readonly ConfigEntry[]): boolean {
  const policy = policyParts(effective(source, 'cleanup.policy') ?? 'delete')
  return policy.includes('compact') && !policy.includes('delete')
}

/** An empty policy (4.1 and later) keeps everything, which `delete` with unlimited retention does on all versions. */
function standbyPolicy(sourcePolicy: string): string {
  return policyParts(sourcePolicy).length === 0 ? 'delete' : sourcePolicy
}

/** One broker may fail and the topic still takes copies, unless the source's own value asks for more. */
function minInsyncReplicas(source: readonly ConfigEntry[], replicas: number): number {
  const own = ownEntries(source).find(({ name }) => name === 'min.insync.replicas')
  const wanted = own === undefined ? (replicas >= 3 ? 2 : 1) : Number(own.value)
  return Math.max(1, Math.min(wanted, replicas))
}

function isSameValue(name: string, has: string | undefined, wanted: string): boolean {
  if (has === undefined || name !== 'cleanup.policy') return has === wanted
  return policyParts(has).sort().join() === policyParts(wanted).sort().join()
}

function policyParts(policy: string): string[] {
  return policy
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function effective(entries: readonly ConfigEntry[], name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.value ?? undefined
}

function ownEntries(entries: readonly ConfigEntry[]): { name: string; value: string }[] {
  return entries.flatMap(({ name, value, source }) => (source === 'topic' && value !== null ? [{ name, value }] : []))
}
