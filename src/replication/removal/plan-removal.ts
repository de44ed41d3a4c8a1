import type { ConfigEntry } from '../../kafka/index.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import { LINKS_TOPIC } from '../shards/own-topic.ts'
import { type ConfigChanges, planRestoredConfigs } from '../topics/standby-configs.ts'

/**
 * What has to be done so that nothing of a link is left behind, or that it is listed. Pure.
 *
 * The flows in the offset map are the list of what is left to do: a topic is put in order first and its flows leave the
 * map last, so a removal that was interrupted is finished by running it again.
 */
export interface RemovalSight {
  readonly link: string
  readonly deleteTopics: boolean
  /** Flows of the target's offset map that are the link's own. */
  readonly flows: readonly CopiedFlow[]
  /** Flows from the same source that no link of this process selects. */
  readonly strays: readonly CopiedFlow[]
  /** By name; a topic that is gone has none. `why` where the source does not tell. */
  readonly source: { readonly why: string } | { readonly topics: ReadonlyMap<string, readonly ConfigEntry[]> }
  readonly target: ReadonlyMap<string, RemovalTarget>
  /** Topics of Isthmus itself on the target. */
  readonly ownTopics: readonly string[]
  /** Why the topics of Isthmus itself have to stay; null where nothing else uses them. */
  readonly ownTopicsUsedBy: string | null
  /** Consumer groups whose positions were written on the target. */
  readonly groups: readonly string[]
}

export interface RemovalTarget {
  readonly topicId: string
  readonly replicationFactor: number
  readonly configs: readonly ConfigEntry[]
}

export interface RemovalPlan {
  readonly topics: readonly PlannedRemoval[]
  /** To be deleted last of all. */
  readonly ownTopics: readonly string[]
  readonly left: readonly LeftBehind[]
}

/**
 * `delete`: the copy goes. `restore`: it becomes an ordinary topic with the configs of its source. `forget`: nothing is
 * to be done but to take it out of the offset map. `wait`: it cannot be decided now.
 */
export interface PlannedRemoval {
  readonly targetTopic: string
  readonly action: 'delete' | 'restore' | 'forget' | 'wait'
  readonly reason: string
  readonly changes: ConfigChanges
  readonly flows: readonly CopiedFlow[]
}

export interface LeftBehind {
  readonly what: string
  readonly why: string
}

/** Of no use without flows. Any other topic of Isthmus holds something of its users, and is listed. */
const DISPOSABLE: ReadonlySet<string> = new Set(['__isthmus.offset-map', '__isthmus.shards'])
const QUARANTINE = '__isthmus.quarantine'
const LISTED_MAX = 1_000

export function planRemoval(sight: RemovalSight): RemovalPlan {
  const byTopic = Map.groupBy(sight.flows, ({ key }) => key.targetTopic)
  const topics = [...byTopic.keys()].sort().map((name) => planTopic(name, byTopic.get(name) ?? [], sight))
  const isDisposable = (topic: string) => DISPOSABLE.has(topic) || (topic === QUARANTINE && sight.deleteTopics)
  const usedBy = sight.strays.length > 0 ? 'copies that no link here selects' : sight.ownTopicsUsedBy
  const ownTopics = usedBy === null ? sight.ownTopics.filter(isDisposable) : []
  return { topics, ownTopics, left: listLeft(sight, { topics, ownTopics, usedBy }) }
}

function planTopic(targetTopic: string, flows: readonly CopiedFlow[], sight: RemovalSight): PlannedRemoval {
  const plan = (action: PlannedRemoval['action'], reason: string, changes: ConfigChanges = {}): PlannedRemoval => {
    return { targetTopic, action, reason, changes, flows }
  }
  const [first] = flows
  const target = sight.target.get(targetTopic)
  if (first === undefined || target === undefined) return plan('forget', 'the copy is gone already')
  if (target.topicId !== first.targetTopicId) return plan('forget', 'the topic was made again by somebody else')
  if (flows.some(({ closedAt }) => closedAt !== undefined)) return plan('forget', 'it is no copy any more')
  if (sight.deleteTopics) return plan('delete', 'the copy is deleted')
  if ('why' in sight.source) return plan('wait', `its own configs are not known: ${sight.source.why}`)
  const configs = sight.source.topics.get(first.key.topic)
  if (configs === undefined) return plan('forget', 'its source topic is gone: it keeps the configs it has')
  const changes = planRestoredConfigs(configs, target.configs, target.replicationFactor)
  return plan('restore', 'it becomes an ordinary topic, with the configs of its source', changes)
}

function listLeft(
  { strays, ownTopics, groups, deleteTopics }: RemovalSight,
  plan: Pick<RemovalPlan, 'topics' | 'ownTopics'> & { readonly usedBy: string | null },
): LeftBehind[] {
  const copies = plan.topics.filter(({ action }) => action === 'restore' || action === 'forget')
  const shared = ownTopics.filter((topic) => !plan.ownTopics.includes(topic))
  return [
    ...(deleteTopics ? [] : copies.map((one) => ({ what: `topic ${one.targetTopic}`, why: one.reason }))),
    ...[...new Set(strays.map(({ key }) => key.targetTopic))].map((topic) => ({
      what: `topic ${topic}`,
      why: 'a copy from the same source that no link of this process selects',
    })),
    ...groups.map((group) => ({ what: `consumer group ${group}`, why: 'its positions on the target stay' })),
    ...shared.map((topic) => ({ what: `topic ${topic}`, why: whyLeft(topic, plan.usedBy) })),
    ...(plan.ownTopics.length === 0
      ? []
      : [
          {
            what: 'transactional ids __isthmus.shard-*',
            why: 'brokers forget them after transactional.id.expiration.ms',
          },
        ]),
  ].slice(0, LISTED_MAX)
}

function whyLeft(topic: string, usedBy: string | null): string {
  // Links that other processes run into the region, or will, are not known here.
  if (topic === LINKS_TOPIC) return 'it says which links are paused, also those that are not known here'
  return usedBy ?? 'it holds records of your applications'
}
