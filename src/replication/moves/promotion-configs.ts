/**
 * The configs that make an ordinary topic of a standby's: its source's own values of all that a standby overrides.
 * Recorded before a move, because a fence may change the source's, and because it may be gone by then; validated on the
 * target before anything is done, because after the commit there is no way back.
 */
import { describeError } from '../../core/index.ts'
import type { Cluster, ConfigEntry } from '../../kafka/index.ts'
import { type ConfigChanges, planRestoredConfigs } from '../topics/standby-configs.ts'
import { eachOf } from './each-of.ts'

/** Small enough for a document: only what a standby overrides. */
export interface RecordedConfigs {
  readonly topic: string
  readonly targetTopic: string
  readonly changes: ConfigChanges
}

export interface RefusedConfigs {
  readonly targetTopic: string
  readonly reason: string
}

const NAMES_PER_REQUEST = 100
const CALLS_AT_ONCE = 8

export interface TopicPair {
  readonly topic: string
  readonly targetTopic: string
}

/** What a promotion will put in force. Topics that either side does not describe are left out, and named by the caller. */
export async function recordConfigs(
  clusters: { readonly source: Cluster; readonly target: Cluster },
  topics: readonly TopicPair[],
  signal: AbortSignal,
): Promise<RecordedConfigs[]> {
  const source = await describe(
    clusters.source,
    topics.map(({ topic }) => topic),
    signal,
  )
  const names = topics.map(({ targetTopic }) => targetTopic)
  const target = await describe(clusters.target, names, signal)
  const metadata = names.length === 0 ? { topics: [] } : await clusters.target.metadata(names, signal)
  const replicas = new Map(metadata.topics.map(({ name, partitions }) => [name, partitions[0]?.replicas.length ?? 1]))
  return topics.flatMap(({ topic, targetTopic }) => {
    const [wanted, actual] = [source.get(topic), target.get(targetTopic)]
    if (wanted === undefined || actual === undefined) return []
    return [{ topic, targetTopic, changes: planRestoredConfigs(wanted, actual, replicas.get(targetTopic) ?? 1) }]
  })
}

/** What the target would refuse. */
export function validateConfigs(
  target: Cluster,
  recorded: readonly RecordedConfigs[],
  signal: AbortSignal,
): Promise<RefusedConfigs[]> {
  return tryEach(recorded, (topic, changes) => target.validateTopicConfigs(topic, changes, signal), signal)
}

/** Puts them in force; what fails is to be tried again, and holds up nothing else. */
export function applyConfigs(
  target: Cluster,
  recorded: readonly RecordedConfigs[],
  signal: AbortSignal,
): Promise<RefusedConfigs[]> {
  return tryEach(recorded, (topic, changes) => target.alterTopicConfigs(topic, changes, signal), signal)
}

async function tryEach(
  recorded: readonly RecordedConfigs[],
  step: (topic: string, changes: ConfigChanges) => Promise<void>,
  signal: AbortSignal,
): Promise<RefusedConfigs[]> {
  const refused: RefusedConfigs[] = []
  await eachOf(recorded, CALLS_AT_ONCE, async ({ targetTopic, changes }) => {
    if (Object.keys(changes).length === 0) return
    try {
      await step(targetTopic, changes)
    } catch (error) {
      signal.throwIfAborted()
      refused.push({ targetTopic, reason: describeError(error) })
    }
  })
  return refused
}

async function describe(
  cluster: Cluster,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly ConfigEntry[]>> {
  const described = new Map<string, readonly ConfigEntry[]>()
  for (let at = 0; at < names.length; at += NAMES_PER_REQUEST) {
    for (const one of await cluster.describeTopicConfigs(names.slice(at, at + NAMES_PER_REQUEST), signal)) {
      if (one.errorCode === 0) described.set(one.topic, one.entries)
    }
  }
  return described
}
