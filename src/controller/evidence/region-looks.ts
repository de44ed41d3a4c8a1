import { isFault, type RegionName } from '../../core/index.ts'
import type { AclBinding, Cluster, ClusterMetadata } from '../../kafka/index.ts'
import type { RegionSample } from '../../regions/index.ts'
import type { FencePlan } from '../../security/index.ts'
import { findMissingRights, findMissingQuotas, findMissingUsers, type RightsScope } from './compare-rights.ts'
import type { GatherParts } from './parts.ts'

/** Looks at single regions, each a function that answers or throws. */

const DAY_MS = 86_400_000
const SECURITY_DISABLED = 54
/** Brokers that are asked one by one; of more, the first ones have to do. */
const BROKERS_MAX = 50
/** On how many topics a fence is proved here; the watch on the region has its turn with all of them. */
const PROVED_TOPICS_MAX = 20

/** Of the certificate that ends first, in whole days; null without TLS. Brokers that are silent are left out. */
export async function readCertificateDays(
  cluster: Pick<Cluster, 'openProbe'>,
  { brokers }: ClusterMetadata,
  nowMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  const ends = await ofBrokers(brokers, async ({ host, port }) => {
    const channel = await cluster.openProbe(`${host.includes(':') ? `[${host}]` : host}:${port}`, signal)
    const { certificateEndsMs } = channel
    channel.close()
    return certificateEndsMs
  })
  const known = ends.filter((endsMs) => endsMs !== undefined)
  return known.length === 0 ? null : Math.floor((Math.min(...known) - nowMs) / DAY_MS)
}

/** Of the volume with the least space left, of all that tell. */
export async function readDiskFreeShare(
  cluster: Pick<Cluster, 'describeLogDirs'>,
  { brokers }: ClusterMetadata,
  signal: AbortSignal,
): Promise<number> {
  const dirs = (await ofBrokers(brokers, ({ nodeId }) => cluster.describeLogDirs(nodeId, signal))).flat()
  const shares = dirs.flatMap(({ errorCode, totalBytes, usableBytes }) => {
    return errorCode === 0 && totalBytes > 0 && usableBytes >= 0 ? [usableBytes / totalBytes] : []
  })
  if (shares.length === 0) throw new Error('no broker tells how large its volumes are')
  return Math.min(...shares)
}

/** One silent broker costs its own answer only; where all are silent, the first reason is thrown. */
async function ofBrokers<Broker, Answer>(
  brokers: readonly Broker[],
  ask: (broker: Broker) => Promise<Answer>,
): Promise<Answer[]> {
  const settled = await Promise.allSettled(brokers.slice(0, BROKERS_MAX).map(ask))
  const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = settled.find((one) => one.status === 'rejected')
  if (answers.length === 0 && failed !== undefined) throw failed.reason
  return answers
}

type RightsCluster = Pick<Cluster, 'describeAcls' | 'describeScramUsers' | 'describeQuotas'>

interface TwoRegions {
  readonly source: RightsCluster
  readonly target: RightsCluster
  readonly scope: RightsScope
}

/** ACLs, users and quotas, each a look of its own: what one of them finds counts, whatever became of the others. */
export const RIGHTS_LOOKS = [
  async ({ source, target, scope }: TwoRegions, signal: AbortSignal): Promise<string[]> => {
    const [here, there] = await Promise.all([readBindings(source, signal), readBindings(target, signal)])
    return findMissingRights({ bindings: here }, { bindings: there }, scope)
  },
  async ({ source, target }: TwoRegions, signal: AbortSignal): Promise<string[]> => {
    const read = (cluster: RightsCluster) => orNone(cluster.describeScramUsers(signal))
    const [here, there] = await Promise.all([read(source), read(target)])
    return findMissingUsers(here, there)
  },
  async ({ source, target }: TwoRegions, signal: AbortSignal): Promise<string[]> => {
    const read = (cluster: RightsCluster) => orNone(cluster.describeQuotas(signal))
    const [here, there] = await Promise.all([read(source), read(target)])
    return findMissingQuotas(here, there)
  },
] as const

/** Brokers that do not know the call have none of it. */
async function orNone<Item>(asked: Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await asked
  } catch (error) {
    if (isFault(error, 'KAFKA_VERSION_UNSUPPORTED')) return []
    throw error
  }
}

async function readBindings(cluster: RightsCluster, signal: AbortSignal): Promise<readonly AclBinding[] | undefined> {
  try {
    return await cluster.describeAcls({}, signal)
  } catch (error) {
    if (isFault(error) && error.facts['code'] === SECURITY_DISABLED) return undefined
    throw error
  }
}

export interface StandingEvidence {
  readonly fenceProvedMsAgo?: number | null
  readonly noStandingFence?: string
}

/** What the watch on the region says; where it does not say how it is now, the proof itself. */
export async function readStanding(
  parts: Pick<GatherParts, 'rooms' | 'standing' | 'clock'>,
  region: RegionName,
  signal: AbortSignal,
): Promise<StandingEvidence> {
  const { rooms, standing, clock } = parts
  const watched = standing(region)
  if (watched?.state === 'unavailable') return { noStandingFence: watched.reason }
  if (watched?.state === 'fenced' && watched.provedAtMs !== undefined) {
    return { fenceProvedMsAgo: Math.max(0, clock.nowMs() - watched.provedAtMs) }
  }
  const fences = rooms.fences.get(region)
  if (fences === undefined) throw new Error(`the group has no region ${region}`)
  const proof = await fences.prove(rooms.scope, signal, { topicsMax: PROVED_TOPICS_MAX, turn: 0 })
  const { verdict, obstacles, reason } = proof
  if (verdict === 'open' && obstacles.length > 0) return { noStandingFence: reason }
  if (verdict === 'unknown') throw new Error(reason)
  return { fenceProvedMsAgo: verdict === 'fenced' ? 0 : null }
}

export interface FencePlans {
  readonly topics: FencePlan
  /** Of the groups that read them: their commits are stopped before the positions are carried over. */
  readonly groups: FencePlan
}

const LAST_RESORT =
  'max.message.bytes=0 is the last resort of a failover, and refuses the markers that a switchover cuts with'

/** Pure: why the region cannot be fenced, or null. */
export function findFenceUnavailable(
  plans: FencePlans | undefined,
  { hasCommand, allowsTopicConfig = false }: { readonly hasCommand: boolean; readonly allowsTopicConfig?: boolean },
): string | null | undefined {
  if (plans === undefined) return hasCommand ? null : undefined
  const { topics, groups } = plans
  if (topics.kind === 'unavailable') {
    if (hasCommand) return null
    return allowsTopicConfig ? `${explain(topics)}; ${LAST_RESORT}` : explain(topics)
  }
  // Where ACLs hold writers up, they have to hold up the commits of readers too.
  return groups.kind === 'unavailable' ? `consumer groups: ${explain(groups)}` : null
}

function explain({ obstacles }: Extract<FencePlan, { kind: 'unavailable' }>): string {
  return obstacles.map(({ reason }) => reason).join('; ')
}

/**
 * Pure: who is not stopped by the fence; undefined where the operator has not said who the super users are. A command
 * stops whomever its author wants it to.
 */
export function findUnfenced(plan: FencePlan, ownPrincipal: string | undefined): string[] | undefined {
  if (plan.kind === 'unavailable') return []
  return plan.superUsers?.filter((principal) => principal !== ownPrincipal)
}

/**
 * Pure: how far the clocks of regions and this process are apart, most of all, as far as that is certain; undefined where
 * one of them is not known.
 */
export function findClockOffset(samples: readonly (RegionSample | undefined)[]): number | undefined {
  const ranges: { readonly least: number; readonly most: number }[] = [{ least: 0, most: 0 }]
  for (const sample of samples) {
    if (sample?.clock.kind !== 'ok') return undefined
    const { offsetMs, uncertaintyMs } = sample.clock.value
    ranges.push({ least: offsetMs - uncertaintyMs, most: offsetMs + uncertaintyMs })
  }
  const latest = Math.max(...ranges.map(({ least }) => least))
  const earliest = Math.min(...ranges.map(({ most }) => most))
  return Math.max(0, Math.round(latest - earliest))
}
