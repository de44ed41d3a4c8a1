import {
  linkName,
  type RegionName,
  regionName,
  systemClock as clock,
  systemRandom as random,
} from '../../../../src/core/index.ts'
import { type Cluster, openCluster } from '../../../../src/kafka/index.ts'
import type { LocalRegion } from '../../../../src/local/index.ts'
import {
  type LinkSpec,
  type PartitionCut,
  type ProvedEnd,
  provedEnds,
  type ReplicationEvents,
  Replicator,
  type ReplicatorOptions,
} from '../../../../src/replication/index.ts'
import { eventually, signal } from '../copy-trial.ts'

/** What a controller would do, without its guards and fences: the tests stop writing instead. */
export class Mover {
  readonly replicator: Replicator
  readonly heard: { readonly name: keyof ReplicationEvents; readonly event: unknown }[] = []
  readonly #clusters: ReadonlyMap<RegionName, Cluster>
  readonly #topics: LinkSpec['topics']

  constructor(
    regions: Readonly<Record<string, LocalRegion>>,
    topics: readonly string[],
    options: Partial<Pick<ReplicatorOptions, 'processName' | 'sharing' | 'copies'>> = {},
  ) {
    this.#topics = { include: topics, exclude: [] }
    this.#clusters = new Map(
      Object.entries(regions).map(([name, { bootstrap }]) => {
        return [regionName(name), openCluster({ name, bootstrap, context: { clock, random } })]
      }),
    )
    this.replicator = new Replicator({
      clusters: this.#clusters,
      links: [],
      topicSyncMs: 200,
      positionSyncMs: 300,
      replicationFactor: 'default',
      bufferBytes: 16 << 20,
      processName: 'mover',
      ...options,
      clock,
      random,
    })
    this.replicator.events.onAny((name, event) => this.heard.push({ name, event }))
    this.replicator.start()
  }

  link(source: string, target: string): LinkSpec {
    return {
      name: linkName(`${source}-to-${target}`),
      source: regionName(source),
      target: regionName(target),
      topics: this.#topics,
      groups: { include: ['group*'], exclude: [] },
      start: 'earliest',
    }
  }

  async copy(source: string, target: string): Promise<void> {
    await this.replicator.addLink(this.link(source, target))
  }

  async stopCopy(source: string, target: string): Promise<void> {
    await this.replicator.stopLink(this.link(source, target).name, 'the direction changes', signal)
  }

  /** Until every partition of the source is copied to where it ends now. */
  async untilCopied(source: string, target: string): Promise<void> {
    const { moves } = this.replicator
    const region = regionName(source)
    const partitions = await moves.partitions(region, this.#topics, signal)
    const ends = await moves.ends(region, partitions, signal)
    const name = this.link(source, target).name
    const look = () => {
      const flows = this.replicator.status().links.find(({ link }) => link === name)?.flows ?? []
      const isThere = ends.every(({ topic, partition, highWatermark }) => {
        const flow = flows.find((one) => one.topic === topic && one.partition === partition)
        return flow?.state === 'running' && (flow.sourceNext ?? -1) >= highWatermark
      })
      return isThere && partitions.length > 0 ? true : undefined
    }
    await eventually(`${source} is copied to ${target}`, look, () => this.describe())
  }

  /** Settled, cut and drained; the cuts. */
  async cut(source: string, ...targets: string[]) {
    const { moves } = this.replicator
    const region = regionName(source)
    const partitions = await moves.partitions(region, this.#topics, signal)
    const settled = await moves.settle(region, { partitions, withinMs: 10_000 }, signal)
    if (settled.kind !== 'settled') throw new Error(settled.reason)
    const cutting = await moves.cut(region, { name: 'test', partitions, withinMs: 10_000 }, signal)
    if (cutting.kind !== 'cut') throw new Error(cutting.reason)
    const proofs = new Map<string, ProvedEnd[]>()
    for (const target of targets) proofs.set(target, await this.untilDrained(source, target, cutting.cuts))
    return { cuts: cutting.cuts, proofs }
  }

  async untilDrained(source: string, target: string, cuts: readonly PartitionCut[]): Promise<ProvedEnd[]> {
    const link = this.link(source, target)
    let left: unknown = []
    const look = async () => {
      left = (await this.replicator.moves.drain(link, cuts, signal)).filter(({ reason }) => reason !== undefined)
      return (left as unknown[]).length === 0 ? true : undefined
    }
    await eventually(`${target} is drained`, look, () => JSON.stringify(left) + this.describe())
    const proofs = await this.replicator.moves.prove(link, cuts, signal)
    const unproved = proofs.filter(({ reason }) => reason !== undefined)
    if (unproved.length > 0) throw new Error(JSON.stringify(unproved))
    return provedEnds(cuts, proofs)
  }

  /** A whole switchover; the other standbys follow the new active region. */
  async switchOver(active: string, next: string, ...standbys: string[]) {
    const { cuts, proofs } = await this.cut(active, next, ...standbys)
    const targets = [next, ...standbys]
    for (const target of targets) await this.stopCopy(active, target)
    const closings = []
    for (const target of targets) {
      const ends = { proofs: proofs.get(target) ?? [] }
      const options = { isPromotion: target === next, markers: 'always' as const, unproved: 'wait' as const, ...ends }
      const closing = { ...options, by: 'a test' }
      closings.push(await this.replicator.moves.close(this.link(active, target), closing, signal))
    }
    for (const target of [active, ...standbys]) await this.copy(next, target)
    return { cuts, closings }
  }

  /** As if the move had been given up after the cut: the copy goes on, with a marker where the source has that of the cut. */
  async rollBack(active: string, next: string): Promise<void> {
    const { proofs } = await this.cut(active, next)
    await this.stopCopy(active, next)
    const how = { isPromotion: false, markers: 'always', unproved: 'wait', by: 'a test' } as const
    await this.replicator.moves.close(this.link(active, next), { ...how, proofs: proofs.get(next) ?? [] }, signal)
    await this.copy(active, next)
  }

  describe(): string {
    const { links } = this.replicator.status()
    return JSON.stringify([links, this.heard.slice(-8)], (_, value: unknown) =>
      typeof value === 'bigint' || value instanceof Error ? String(value) : value,
    )
  }

  async stop(): Promise<void> {
    await this.replicator.stop(8_000)
    for (const cluster of this.#clusters.values()) await cluster.close()
  }
}
