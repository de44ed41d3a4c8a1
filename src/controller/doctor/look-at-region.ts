import { type Clock, describeError, withSignal } from '../../core/index.ts'
import type { Cluster, ClusterMetadata } from '../../kafka/index.ts'
import { HEALTH_TOPIC, lookAtBroker, placeOf } from '../../regions/index.ts'
import { describeConfigs } from '../evidence/gather-regions.ts'
import type { Looks } from '../evidence/index.ts'
import type { BrokerSeen, RegionSeen } from './region-findings.ts'

export interface RegionLook {
  readonly region: string
  readonly bootstrap: readonly string[]
  readonly cluster: Cluster
  readonly looks: Looks
  readonly clock: Clock
  /** Whether a topic is copied to or from here. */
  readonly isCopied: (topic: string) => boolean
  readonly keepMsOf: RegionSeen['keepMsOf']
}

const TROUBLE = 'region-unreachable'
const BROKER_MS = 4_000
/** Brokers that are asked one by one; of more, the first ones have to do. */
const BROKERS_MAX = 50
/** Topics whose settings are asked for. */
const TOPICS_MAX = 2_000
/** What clients and Isthmus cannot do without. */
const NEEDED = /^(__consumer_offsets|__transaction_state|__isthmus\..+)$/

export async function lookAtRegion(look: RegionLook, signal: AbortSignal): Promise<RegionSeen> {
  const { region, cluster, looks, isCopied, keepMsOf } = look
  const metadata = await looks.look([`${TROUBLE} ${region}`], (within) => cluster.metadata('all', within))
  if (metadata === undefined) {
    const trouble = looks.troubles[`${TROUBLE} ${region}`] ?? 'no answer'
    return { region, trouble, brokers: [], topics: [], configs: [], keepMsOf }
  }
  const topics = metadata.topics.filter(
    ({ name, errorCode }) => errorCode === 0 && (isCopied(name) || NEEDED.test(name)),
  )
  const names = topics.map(({ name }) => name).filter((name) => isCopied(name))
  const [brokers, configs] = await Promise.all([
    lookAtBrokers(look, metadata, signal),
    looks.look([`settings ${region}`], (within) => describeConfigs(cluster, names.slice(0, TOPICS_MAX), within)),
  ])
  const told = configs ?? looks.troubles[`settings ${region}`] ?? 'no answer'
  return { region, trouble: undefined, brokers, topics, configs: told, keepMsOf }
}

/** At the listeners that brokers advertise, and at the bootstrap addresses, as any client would. */
async function lookAtBrokers(
  { region, bootstrap, cluster, clock }: RegionLook,
  { brokers }: ClusterMetadata,
  signal: AbortSignal,
): Promise<BrokerSeen[]> {
  const advertised = brokers.slice(0, BROKERS_MAX).map(placeOf)
  const others = bootstrap.filter((address) => !advertised.some((place) => place.address === address))
  const places = [...advertised, ...others.map((address) => ({ address, nodeId: undefined }))]
  const bound = { clock, region, timeoutMs: BROKER_MS, signal, cluster, topic: HEALTH_TOPIC }
  return await Promise.all(
    places.map(async (place): Promise<BrokerSeen> => {
      const { address } = place
      try {
        const { finding, channel } = await withSignal(lookAtBroker(bound, place), signal)
        channel?.close()
        // What hides behind a bootstrap address is a broker that was asked already, or a proxy.
        return { address, versions: channel?.versions, reason: finding.reason }
      } catch (error) {
        return { address, versions: undefined, reason: describeError(error) }
      }
    }),
  )
}
