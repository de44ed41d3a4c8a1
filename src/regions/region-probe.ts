import type { Clock, RegionName } from '../core/index.ts'
import type { Broker, Cluster, ProbeChannel } from '../kafka/index.ts'
import { type BrokerLook, codeOf, lookAtBroker, type Place, placeOf, reasonOf } from './broker-look.ts'
import { CanaryFlock } from './canary-flock.ts'
import { HEALTH_TOPIC } from './canary.ts'
import type { HealthTimings } from './options.ts'
import { lookAtPartitions } from './partitions-look.ts'
import { lookAtQuorum, worstReading } from './quorum-look.ts'
import type { HeardReport } from './report.ts'
import {
  type BrokerFinding,
  type Check,
  failed,
  ok,
  type PartitionsFinding,
  type RegionSample,
  unknown,
} from './sample.ts'
import { within } from './within.ts'

/** The part of a cluster that a probe uses: connections of its own, and the making of the canary's topic. */
export type ProbedCluster = Pick<Cluster, 'openProbe' | 'createTopics'>

export interface RegionProbeOptions {
  readonly region: RegionName
  readonly cluster: ProbedCluster
  /** `host:port`, at least one. */
  readonly bootstrap: readonly string[]
  /** Whether records are written to the region. */
  readonly canary: boolean
  readonly timings: Pick<HealthTimings, 'timeoutMs' | 'partitionsMs' | 'voterLagMs'>
  readonly clock: Clock
}

export interface RegionLook {
  readonly sample: RegionSample
  /** Reports of all vantage points, this one's own among them, oldest first. */
  readonly heard: readonly HeardReport[]
}

/** Of a larger region some brokers are looked at each time, in turn. */
const BROKERS_PER_SAMPLE = 12

/**
 * Looks at one region, once a call. Every look begins with new connections and consists of two parts, each bounded by
 * `timeoutMs`: brokers first, then side by side the controller quorum, the partitions and the canary through those that
 * answered. Whatever fails becomes data. Two looks at once are not meant.
 */
export class RegionProbe {
  readonly #options: RegionProbeOptions
  readonly #canaries: CanaryFlock
  #known: readonly Broker[] = []
  /** By address. */
  #findings = new Map<string, BrokerFinding>()
  #partitions: Check<PartitionsFinding> = unknown('not looked at yet')
  #partitionsDueMs = Number.NEGATIVE_INFINITY
  #turn = 0

  constructor(options: RegionProbeOptions) {
    this.#options = options
    const { region, cluster, clock, timings } = options
    this.#canaries = new CanaryFlock({ region, cluster, clock, timeoutMs: timings.timeoutMs })
  }

  /** `report` is what the canary carries. Throws only where the signal is aborted. */
  async look(report: Buffer, signal: AbortSignal): Promise<RegionLook> {
    const { region, clock, canary } = this.#options
    const startedMs = clock.monotonicMs()
    const looks = await this.#lookAtBrokers(signal)
    const answering = looks.filter(isAnswering)
    try {
      const brokers = this.#noteBrokers(looks)
      const [quorumLook, partitions, flight] = await Promise.all([
        this.#lookAtQuorum(answering, signal),
        this.#lookAtPartitions(answering, brokers, signal),
        canary ? this.#canaries.fly({ looks, brokers: this.#known.length, value: report }, signal) : undefined,
      ])
      const clocks = flight === undefined || flight.clocks.length === 0 ? [quorumLook.clock] : flight.clocks
      const worst = worstReading(clocks.filter((reading) => reading !== undefined))
      const atMs = clock.monotonicMs()
      const sample: RegionSample = {
        region,
        atMs,
        tookMs: atMs - startedMs,
        brokers,
        quorum: quorumLook.quorum,
        partitions,
        canary: flight?.finding ?? unknown('no canaries are written to this region'),
        clock: worst === undefined ? unknown('nothing told the time there') : ok(worst),
      }
      return { sample, heard: flight?.heard ?? [] }
    } finally {
      for (const { channel } of answering) channel.close()
    }
  }

  async #lookAtBrokers(signal: AbortSignal): Promise<BrokerLook[]> {
    const { cluster } = this.#options
    const bound = { ...this.#bound(signal), cluster, topic: HEALTH_TOPIC }
    return Promise.all(this.#places().map((place) => lookAtBroker(bound, place)))
  }

  /** Some known brokers and, since all of them may have moved, one bootstrap address; at first all of those. */
  #places(): Place[] {
    const { bootstrap } = this.#options
    const turn = this.#turn++
    const unnamed = (address: string): Place => ({ address, nodeId: undefined })
    if (this.#known.length === 0) return bootstrap.slice(0, BROKERS_PER_SAMPLE).map(unnamed)
    const places = inTurn(this.#known.map(placeOf), turn * BROKERS_PER_SAMPLE, BROKERS_PER_SAMPLE)
    const others = bootstrap.filter((address) => places.every((place) => place.address !== address))
    return [...places, ...inTurn(others, turn, 1).map(unnamed)]
  }

  /** The brokers are those that any of them lists; where none answers, those that were known before. */
  #noteBrokers(looks: readonly BrokerLook[]): BrokerFinding[] {
    const listed = new Map(looks.flatMap(({ metadata }) => metadata?.brokers ?? []).map((it) => [it.nodeId, it]))
    if (listed.size > 0) this.#known = [...listed.values()].sort((one, other) => one.nodeId - other.nodeId)
    const fresh = new Map(looks.map(({ finding }) => [finding.address, finding]))
    const findings = this.#known.flatMap((broker): BrokerFinding[] => {
      const { address, nodeId } = placeOf(broker)
      const found = fresh.get(address)
      const before = this.#findings.get(address)
      return found !== undefined ? [{ ...found, nodeId }] : before === undefined ? [] : [{ ...before, isFresh: false }]
    })
    this.#findings = new Map(findings.map((finding) => [finding.address, finding]))
    if (findings.some(({ state, isFresh }) => isFresh && state === 'answers')) return findings
    const known = new Set(findings.map(({ address }) => address))
    return [...findings, ...[...fresh.values()].filter(({ address }) => !known.has(address))]
  }

  async #lookAtQuorum(answering: readonly Answering[], signal: AbortSignal) {
    const asked = inTurn(answering, this.#turn, 1)[0]
    if (asked === undefined) return { quorum: unknown('no broker answers'), clock: undefined }
    // A broker works on one request of a connection at a time, and this one may wait for long.
    const open = (signal: AbortSignal) => this.#options.cluster.openProbe(asked.finding.address, signal)
    return lookAtQuorum(this.#bound(signal), this.#options.timings.voterLagMs, open)
  }

  async #lookAtPartitions(
    answering: readonly Answering[],
    brokers: readonly BrokerFinding[],
    signal: AbortSignal,
  ): Promise<Check<PartitionsFinding>> {
    const { clock, cluster, timings } = this.#options
    const asked = inTurn(answering, this.#turn + 1, 1)[0]
    if (asked === undefined) return (this.#partitions = unknown('no broker answers'))
    const isWell = brokers.every(({ state }) => state === 'answers') && isClean(this.#partitions)
    if (isWell && clock.monotonicMs() < this.#partitionsDueMs) return this.#partitions
    let channel: ProbeChannel | undefined
    try {
      const bound = { ...this.#bound(signal), what: 'the look at the partitions' }
      const counts = await within(bound, async (signal) => {
        channel = await cluster.openProbe(asked.finding.address, signal)
        return lookAtPartitions(channel)
      })
      this.#partitionsDueMs = clock.monotonicMs() + timings.partitionsMs
      this.#partitions = ok({ ...counts, atMs: clock.monotonicMs() })
    } catch (error) {
      signal.throwIfAborted()
      this.#partitions = failed(codeOf(error), reasonOf(error))
    } finally {
      channel?.close()
    }
    return this.#partitions
  }

  #bound(signal: AbortSignal) {
    const { region, clock, timings } = this.#options
    return { clock, region, timeoutMs: timings.timeoutMs, signal }
  }
}

type Answering = BrokerLook & { readonly channel: ProbeChannel }

function isAnswering(look: BrokerLook): look is Answering {
  return look.channel !== undefined
}

function isClean(check: Check<PartitionsFinding>): boolean {
  if (check.kind !== 'ok') return false
  const { offline, underMinIsr, missingBrokers } = check.value
  return offline.count + underMinIsr.count + missingBrokers.length === 0
}

/** `amount` of the items from `start` on, round and round, each at most once. */
function inTurn<Item>(items: readonly Item[], start: number, amount: number): Item[] {
  const taken = Math.min(amount, items.length)
  return Array.from({ length: taken }, (_, at) => items[(start + at) % items.length] as Item)
}
