import { describeError, isFault, type RegionName } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import type { RegionConfig } from './regions.ts'

/** What a look at one region came to. */
export interface RegionFinding {
  readonly region: RegionName
  readonly ok: boolean
  /** A sentence, such as `answers: cluster Zk1..., 3 brokers, 120 topics`. */
  readonly finding: string
  /** '' where nothing has to be done. */
  readonly remedy: string
}

/** The part of a cluster that the checks use. */
export type CheckedCluster = Pick<Cluster, 'metadata' | 'close'>

const NO_TOPIC_ID = '00000000-0000-0000-0000-000000000000'

/** Connects to every region: it answers, lets Isthmus log in, has topic ids, and is not another region again. */
export async function checkOnline(
  regions: Iterable<RegionConfig>,
  openCluster: (region: RegionConfig) => CheckedCluster,
  signal: AbortSignal,
): Promise<RegionFinding[]> {
  const looks = await Promise.all([...regions].map((region) => lookAt(region, openCluster, signal)))
  const first = new Map<string, RegionName>()
  return looks.map(({ clusterId, ...finding }) => {
    if (clusterId === undefined) return finding
    const other = first.get(clusterId)
    if (other === undefined) {
      first.set(clusterId, finding.region)
      return finding
    }
    return {
      region: finding.region,
      ok: false,
      finding: `is the same cluster as ${other}: both have the id ${clusterId}`,
      remedy: 'correct the bootstrap addresses of one of them',
    }
  })
}

async function lookAt(
  region: RegionConfig,
  openCluster: (region: RegionConfig) => CheckedCluster,
  signal: AbortSignal,
): Promise<RegionFinding & { readonly clusterId: string | undefined }> {
  const cluster = openCluster(region)
  try {
    const { clusterId, brokers, topics } = await cluster.metadata('all', signal)
    const without = topics.find((topic) => topic.errorCode === 0 && topic.topicId === NO_TOPIC_ID)
    if (without !== undefined) {
      return {
        region: region.name,
        clusterId,
        ok: false,
        finding: `has no topic ids: topic ${without.name} has none`,
        remedy: 'raise the brokers and their inter.broker.protocol.version to 3.6 or later',
      }
    }
    const finding = `answers: cluster ${clusterId}, ${count(brokers.length, 'broker')}, ${count(topics.length, 'topic')}`
    return { region: region.name, clusterId, ok: true, finding, remedy: '' }
  } catch (error) {
    return {
      region: region.name,
      clusterId: undefined,
      ok: false,
      finding: isFault(error) ? error.message.replace(`${region.name}: `, '') : describeError(error),
      remedy: isFault(error) ? error.remedy : `check that ${region.bootstrap.join(', ')} can be reached from here`,
    }
  } finally {
    await cluster.close()
  }
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
