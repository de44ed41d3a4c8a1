import { type BrokerVersions, findMissingApis, type TopicConfigs, type TopicMetadata } from '../../kafka/index.ts'
import { COULD_NOT_LOOK, type Finding, type FindingSpec, type FoundAt, listOf } from './finding.ts'

/** What single regions are found to be: their listeners, versions, and the settings of topics. */
export const REGION_FINDINGS = {
  'region-unreachable': {
    severity: 'error',
    title: 'A region does not answer.',
    remedy:
      'See whether it is down, or cannot be reached from here with these credentials; `isthmus check --online` says more.',
  },
  'listener-unreachable': {
    severity: 'warning',
    title: 'Brokers or bootstrap addresses do not answer.',
    remedy:
      'Repair them, let this process reach the listeners that they advertise, or take addresses that are gone out of `bootstrap`.',
  },
  'broker-too-old': {
    severity: 'error',
    title: 'Brokers do not serve what Isthmus needs.',
    remedy: 'Raise them to Kafka 3.6 or later.',
  },
  'broker-versions-mixed': {
    severity: 'warning',
    title: 'The brokers of a region run different versions.',
    remedy: 'Finish the upgrade before you need a move: what works with one broker may not work with the next leader.',
  },
  'replication-factor-one': {
    severity: 'warning',
    title: 'Partitions have one replica: they are gone with their broker.',
    remedy: 'Raise the replication factor, to 3 where there are as many brokers.',
  },
  'min-insync-one': {
    severity: 'warning',
    title: 'Topics acknowledge records that one replica alone has, with `min.insync.replicas` of 1.',
    remedy: 'Set min.insync.replicas to 2 with a replication factor of 3.',
  },
  'unclean-election': {
    severity: 'warning',
    title: 'Topics allow leaders that lack acknowledged records (`unclean.leader.election.enable`).',
    remedy: 'Set unclean.leader.election.enable to false: such an election truncates records that were copied already.',
  },
  'retention-short': {
    severity: 'warning',
    title: 'Topics keep records for less time than a standby may be away.',
    remedy: 'Raise retention.ms on the source, or lower objectives.outageHours to what is meant.',
  },
} as const satisfies Record<string, FindingSpec>

export interface BrokerSeen {
  readonly address: string
  /** Undefined where it did not answer. */
  readonly versions: BrokerVersions | undefined
  /** Why it did not; '' where it did. */
  readonly reason: string
}

export interface RegionSeen {
  readonly region: string
  /** Why nothing more is known of it; undefined where it answers. */
  readonly trouble: string | undefined
  readonly brokers: readonly BrokerSeen[]
  /** Those that are copied, at either end, and those that clients and Isthmus cannot do without. */
  readonly topics: readonly TopicMetadata[]
  /** As text, why they were not told. */
  readonly configs: readonly TopicConfigs[] | string
  /** How long records of a topic that is copied from here have to be kept, milliseconds; undefined for others. */
  readonly keepMsOf: (topic: string) => number | undefined
}

/** Pure. */
export function findInRegion(seen: RegionSeen): Finding[] {
  const { region, trouble } = seen
  if (trouble !== undefined) return [finding('region-unreachable', { region, evidence: trouble })]
  return [...findInBrokers(seen), ...findInTopics(seen)]
}

function findInBrokers({ region, brokers }: RegionSeen): Finding[] {
  const found: Finding[] = []
  const silent = brokers.filter(({ versions }) => versions === undefined)
  if (silent.length > 0) {
    const evidence = listOf(silent.map(({ address, reason }) => `${address}: ${reason}`))
    found.push(finding('listener-unreachable', { region, evidence }))
  }
  const told = brokers.flatMap(({ address, versions }) => (versions === undefined ? [] : [{ address, versions }]))
  const old = told.flatMap(({ address, versions }) => {
    const missing = findMissingApis(versions)
    return missing.length === 0 ? [] : [`${address} lacks ${missing.join(', ')}`]
  })
  if (old.length > 0) found.push(finding('broker-too-old', { region, evidence: listOf(old) }))
  const kinds = [...Map.groupBy(told, ({ versions }) => textOf(versions)).values()]
  if (kinds.length > 1) {
    const evidence = `${kinds.length} versions: ${kinds.map((of) => listOf(of.map(({ address }) => address))).join(' and ')}`
    found.push(finding('broker-versions-mixed', { region, evidence }))
  }
  return found
}

function findInTopics({ region, topics, configs, keepMsOf }: RegionSeen): Finding[] {
  const copies = new Map(topics.map(({ name, partitions }) => [name, fewestReplicas(partitions)]))
  const single = [...copies].filter(([, replicas]) => replicas === 1).map(([name]) => name)
  const isTold = typeof configs !== 'string'
  const settings = (isTold ? configs : []).map(({ topic, entries }) => {
    return { topic, of: new Map(entries.map(({ name, value }) => [name, value])) }
  })
  const alone = settings.filter(({ topic, of }) => {
    return of.get('min.insync.replicas') === '1' && (copies.get(topic) ?? 1) > 1
  })
  const unclean = settings.filter(({ of }) => of.get('unclean.leader.election.enable') === 'true')
  const short = settings.flatMap(({ topic, of }) => {
    const keepMs = keepMsOf(topic)
    const retentionMs = Number(of.get('retention.ms') ?? -1)
    const isDeleting = of.get('cleanup.policy')?.includes('delete') === true
    if (keepMs === undefined || !isDeleting || retentionMs < 0 || retentionMs >= keepMs) return []
    return [`${topic} (${hours(retentionMs)} of ${hours(keepMs)} h)`]
  })
  const name = ({ topic }: { readonly topic: string }) => topic
  const lists = {
    'replication-factor-one': single,
    'min-insync-one': alone.map(name),
    'unclean-election': unclean.map(name),
    'retention-short': short,
  } as const
  const ids = Object.keys(lists) as (keyof typeof lists)[]
  const found = ids.flatMap((id) => {
    return lists[id].length === 0 ? [] : [finding(id, { region, evidence: `topics: ${listOf(lists[id])}` })]
  })
  const evidence = `settings of topics: ${isTold ? '' : configs}`
  return isTold ? found : [...found, { id: 'could-not-look', group: null, region, evidence, ...COULD_NOT_LOOK }]
}

function finding(
  id: keyof typeof REGION_FINDINGS,
  { region, evidence }: Pick<FoundAt, 'region' | 'evidence'>,
): Finding {
  return { id, group: null, region: region ?? null, evidence, ...REGION_FINDINGS[id] }
}

function fewestReplicas(partitions: TopicMetadata['partitions']): number {
  return partitions.reduce((fewest, { replicas }) => Math.min(fewest, replicas.length), Infinity)
}

/** The same for brokers of one version, with the same features switched on. */
function textOf(versions: BrokerVersions): string {
  const ranges = [...versions].map(([key, { min, max }]) => [key, `${key}:${min}-${max}`] as const)
  return ranges
    .sort(([a], [b]) => a - b)
    .map(([, text]) => text)
    .join(' ')
}

function hours(ms: number): number {
  return Math.round(ms / 360_000) / 10
}
