import { type RegionName, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { CanaryStreams } from '../../../src/canary/index.ts'
import type { DrillStream } from '../../../src/failover/index.ts'
import { type Cluster, decodeRecords, encodeBatch, openCluster, readBatches } from '../../../src/kafka/index.ts'
import { type FakeBroker, startFakeBroker } from '../../support/fake-broker/broker.ts'
import { FaultProxy } from '../../support/faults/fault-proxy.ts'
import { FaultScript } from '../../support/faults/fault-script.ts'

export const [eu, us] = [regionName('eu'), regionName('us')]
export const TOPIC = 'isthmus.canary.orders.stream'
export const READER = 'isthmus.canary.orders.d7'
const PARTITIONS = 3
const RATE = 100

/** Two regions of one fake broker each, the first with a fault proxy in front, and what links and fences would do. */
export class TwoRegions implements AsyncDisposable {
  readonly script: FaultScript
  readonly #proxy: FaultProxy
  readonly #brokers: ReadonlyMap<RegionName, FakeBroker>
  readonly #clusters: Cluster[] = []
  /** Of each partition, how much of the first region's log the second has. */
  readonly #copied = new Map<number, number>()

  private constructor(brokers: ReadonlyMap<RegionName, FakeBroker>, proxy: FaultProxy, script: FaultScript) {
    this.#brokers = brokers
    this.#proxy = proxy
    this.script = script
  }

  /** The second is a standby: it has the topic, and nobody may write there. */
  static async start(): Promise<TwoRegions> {
    const [first, second] = await Promise.all([startFakeBroker(), startFakeBroker()])
    const script = new FaultScript()
    const proxy = await FaultProxy.start({ listenPort: 0, brokerPort: first.port, script })
    first.advertise(proxy.port)
    second.state.createTopic(TOPIC, PARTITIONS)
    second.state.fenced.add(TOPIC)
    const brokers = new Map([
      [eu, first],
      [us, second],
    ])
    return new TwoRegions(brokers, proxy, script)
  }

  state(region: RegionName): FakeBroker['state'] {
    const broker = this.#brokers.get(region)
    if (broker === undefined) throw new Error(`there is no region ${region}`)
    return broker.state
  }

  connect(region: RegionName, clientId: string): Cluster {
    const bootstrap = [`127.0.0.1:${region === eu ? this.#proxy.port : this.state(us).port}`]
    const context = { clock: systemClock, random: systemRandom }
    const cluster = openCluster({ name: region, bootstrap, clientId, requestTimeoutMs: 10_000, context })
    this.#clusters.push(cluster)
    return cluster
  }

  /** `knowsApplications`: whether both have a principal of applications. */
  stream({ knowsApplications = true, startWithinMs = 20_000 } = {}): DrillStream {
    const regions = [eu, us]
    const reached = regions.map((region) => {
      const application = knowsApplications ? this.connect(region, 'application') : undefined
      return [region, { cluster: this.connect(region, 'isthmus'), application }] as const
    })
    const streams = new CanaryStreams({
      regions: new Map(reached),
      ratePerSecond: RATE,
      startWithinMs,
      clock: systemClock,
      random: systemRandom,
    })
    const group = { drill: 'd7', group: 'orders', topic: TOPIC, readerGroup: READER }
    return streams.open({ ...group, partitions: PARTITIONS, regions })
  }

  fence(region: RegionName): void {
    this.state(region).fenced.add(TOPIC)
  }

  lift(region: RegionName): void {
    this.state(region).fenced.delete(TOPIC)
  }

  /** As a link does: what the second lacks, less the last `missing` records, and the positions of the reader. */
  copy(missing = 0): void {
    const [from, to] = [this.state(eu), this.state(us)]
    let left = this.#count(from) - missing
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = from.partition(TOPIC, partition)
      const bytes = log?.read(this.#copied.get(partition) ?? 0, Number.POSITIVE_INFINITY) ?? Buffer.alloc(0)
      for (const { position, sizeBytes } of readBatches(bytes)) {
        if (left-- <= 0) break
        to.partition(TOPIC, partition)?.append(bytes.subarray(position, position + sizeBytes))
      }
      this.#copied.set(partition, log?.end ?? 0)
    }
    const positions = [...(from.groups.get(READER) ?? [])].map(([place, position]) => {
      const end = to.partition(TOPIC, Number(place.split('/')[1]))?.end ?? 0
      return [place, { ...position, offset: Math.min(position.offset, end) }] as const
    })
    to.groups.set(READER, new Map(positions))
  }

  /** The record that the first batch of a partition holds, as another one has it that comes behind all others. */
  appendAgain(partition: number, change: (value: string) => string): void {
    const log = this.state(eu).partition(TOPIC, partition)
    const bytes = log?.read(0, 1) ?? Buffer.alloc(0)
    const [header] = readBatches(bytes)
    const [record] = header === undefined ? [] : decodeRecords(bytes, header)
    if (record === undefined) throw new Error(`nothing stands in partition ${partition}`)
    const records = [{ timestamp: 1, key: record.key, value: Buffer.from(change(String(record.value))) }]
    log?.append(encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 }))
  }

  ends(region: RegionName): number {
    return this.#count(this.state(region))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.script.stop()
    await Promise.all(this.#clusters.map((cluster) => cluster.close()))
    for (const server of [this.#proxy, ...this.#brokers.values()]) await server[Symbol.asyncDispose]()
  }

  #count(state: FakeBroker['state']): number {
    return (state.topics.get(TOPIC)?.partitions ?? []).reduce((total, { end }) => total + end, 0)
  }
}
