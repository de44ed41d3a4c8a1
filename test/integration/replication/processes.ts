import { linkName, regionName, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import type { LocalRegion } from '../../../src/local/index.ts'
import { type LinkSpec, Replicator, type ReplicatorOptions } from '../../../src/replication/index.ts'
import { eventually } from './copy-trial.ts'

export const LEFT = regionName('left')
export const RIGHT = regionName('right')

export type LinkBetween = Pick<LinkSpec, 'source' | 'target' | 'topics'> & Partial<LinkSpec>

/** Replicators between two regions, each with connections of its own, as processes have them. */
export class Processes {
  readonly #regions: readonly [left: LocalRegion, right: LocalRegion]
  readonly #running: (() => Promise<void>)[] = []

  constructor(left: LocalRegion, right: LocalRegion) {
    this.#regions = [left, right]
  }

  start(...links: LinkBetween[]): Replicator {
    return this.#start(links)
  }

  /** One of several that share the work on their targets. */
  startMember(memberName: string, ...links: LinkBetween[]): Replicator {
    return this.#start(links, { memberName, sessionTimeoutMs: 10_000 })
  }

  #start(links: readonly LinkBetween[], sharing?: ReplicatorOptions['sharing']): Replicator {
    const [left, right] = this.#regions
    const open = (name: string, { bootstrap }: LocalRegion): Cluster =>
      openCluster({ name, bootstrap, context: { clock, random } })
    const clusters = new Map([
      [LEFT, open('left', left)],
      [RIGHT, open('right', right)],
    ])
    const replicator = new Replicator({
      clusters,
      links: links.map((link) => ({
        name: linkName('link'),
        groups: { include: [], exclude: [] },
        start: 'earliest',
        ...link,
      })),
      topicSyncMs: 300,
      positionSyncMs: 500,
      replicationFactor: 'default',
      bufferBytes: 16 << 20,
      processName: 'test',
      sharing,
      clock,
      random,
    })
    replicator.start()
    this.#running.push(async () => {
      await replicator.stop(8_000)
      for (const cluster of clusters.values()) await cluster.close()
    })
    return replicator
  }

  async stop(): Promise<void> {
    for (const stop of this.#running.splice(0).reverse()) await stop()
  }
}

/** For a test that fails. */
export function describeLinks(...replicators: Replicator[]): () => string {
  return () => JSON.stringify(replicators.map((one) => one.status().links))
}

/** Until the flows of a topic stand at this source offset. */
export async function untilCopied(replicator: Replicator, topic: string, sourceNext: number): Promise<void> {
  const look = () => {
    const flows = replicator.status().links.flatMap((link) => link.flows.filter((flow) => flow.topic === topic))
    const isThere =
      flows.length > 0 && flows.every((flow) => flow.state === 'running' && flow.sourceNext === sourceNext)
    return isThere ? true : undefined
  }
  await eventually(`${topic} is copied`, look, describeLinks(replicator))
}
