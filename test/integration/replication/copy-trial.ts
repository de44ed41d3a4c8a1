import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import { linkName, regionName, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import {
  type Cluster,
  createKafkaJs,
  decodeRecords,
  isControl,
  openCluster,
  readBatch,
} from '../../../src/kafka/index.ts'
import { RawReader } from '../../../src/replication/flows/raw-reader.ts'
import { committedRecords } from '../../../src/replication/moves/read-on.ts'
import { Pace } from '../../../src/replication/verification/pace.ts'
import {
  type FirstStart,
  type FlowStatus,
  type IncidentStatus,
  type LinkPolicies,
  type LinkTransform,
  Replicator,
  type ReplicationEvents,
  resolvePolicies,
  type VerificationReport,
  type VerificationScope,
} from '../../../src/replication/index.ts'

/** A region, of real brokers or of a fake one. */
export interface Reachable {
  readonly name: string
  readonly bootstrap: readonly string[]
}

/** What the tests of whole copies share: replicators in this process, and both sides read raw. */
export const signal = new AbortController().signal

export interface Heard {
  readonly name: keyof ReplicationEvents
  readonly event: ReplicationEvents[keyof ReplicationEvents]
}

/** One replicator with connections of its own, so that it can be stopped or cut off alone. */
export class Copier {
  readonly replicator: Replicator
  readonly heard: Heard[] = []
  readonly #topic: string
  readonly #clusters: Map<ReturnType<typeof regionName>, Cluster>

  constructor(
    source: Reachable,
    target: Reachable,
    topic: string,
    options: {
      processName?: string
      replicationFactor?: number | 'default'
      start?: FirstStart
      policies?: LinkPolicies
      transform?: LinkTransform
      /** What stands between the copier and its source. */
      sourceThrough?: (cluster: Cluster) => Cluster
      positions?: { groups: string; everyMs: number; deletionGraceMs: number }
    } = {},
  ) {
    const { processName = 'first', replicationFactor = 'default', start = 'earliest', positions } = options
    this.#topic = topic
    const [from, to] = [regionName('source'), regionName('target')]
    this.#clusters = new Map([
      [from, options.sourceThrough?.(openClusterOf(source)) ?? openClusterOf(source)],
      [to, openClusterOf(target)],
    ])
    this.replicator = new Replicator({
      clusters: this.#clusters,
      links: [
        {
          name: linkName('trial'),
          source: from,
          target: to,
          topics: { include: [topic], exclude: [] },
          groups: { include: [positions?.groups ?? 'no-group'], exclude: [] },
          start,
          policies: resolvePolicies(options.policies),
          transform: options.transform,
        },
      ],
      topicSyncMs: 500,
      positionSyncMs: positions?.everyMs ?? 5_000,
      groupDeletionGraceMs: positions?.deletionGraceMs ?? 600_000,
      replicationFactor,
      bufferBytes: 16 << 20,
      processName,
      clock,
      random,
    })
    this.replicator.events.onAny((name, event) => this.heard.push({ name, event }))
    this.replicator.start()
  }

  /** The only one, or that of a topic. */
  flow(topic?: string): FlowStatus | undefined {
    const flows = this.replicator.status().links[0]?.flows ?? []
    return flows.find((flow) => topic === undefined || flow.topic === topic)
  }

  events<Name extends keyof ReplicationEvents>(name: Name): ReplicationEvents[Name][] {
    return this.heard.flatMap((one) => (one.name === name ? [one.event as ReplicationEvents[Name]] : []))
  }

  /** Until the flow has copied the source up to an offset. */
  async untilCopied(sourceEnd: number, topic?: string): Promise<FlowStatus> {
    return eventually(
      `copied up to ${sourceEnd}`,
      () => {
        const flow = this.flow(topic)
        return flow?.state === 'running' && (flow.sourceNext ?? -1) >= sourceEnd ? flow : undefined
      },
      () =>
        JSON.stringify([this.flow(), this.heard.slice(-5)], (_, value: unknown) =>
          typeof value === 'bigint' || value instanceof Error ? String(value) : value,
        ),
    )
  }

  /** Of this copier's topic: the map knows those of others too. */
  incidents(code?: string): IncidentStatus[] {
    const { incidents } = this.replicator.status()
    return incidents.filter((one) => one.topic === this.#topic && (code === undefined || one.code === code))
  }

  /** Flows and what was heard last, for a test that fails. */
  describe(): string {
    return JSON.stringify([this.replicator.status().links, this.heard.slice(-5)], (_, value: unknown) =>
      typeof value === 'bigint' || value instanceof Error ? String(value) : value,
    )
  }

  /** Compares what is copied now. */
  async verify(scope: VerificationScope = { kind: 'whole' }): Promise<VerificationReport> {
    const { id } = this.replicator.startVerification({ link: linkName('trial'), scope })
    const look = () => {
      const report = this.replicator.verification(id)
      return report.state === 'running' ? undefined : report
    }
    return eventually('verified', look, () => JSON.stringify(this.replicator.verification(id)))
  }

  async untilStopped(topic?: string): Promise<FlowStatus> {
    return eventually(
      'stopped',
      () => (this.flow(topic)?.state === 'stopped' ? this.flow(topic) : undefined),
      () => this.describe(),
    )
  }

  async stop(): Promise<void> {
    await this.replicator.stop(8_000)
    await this.#close()
  }

  /** As a crash is for the brokers: every connection is cut, nothing is handed over. */
  async crash(): Promise<void> {
    await this.#close()
    await this.replicator.stop(50)
  }

  async #close(): Promise<void> {
    for (const cluster of this.#clusters.values()) await cluster.close()
  }
}

export interface ReadRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
}

/** A region's own clients, for what applications and operators do. */
export class Side {
  readonly kafka: Kafka
  readonly cluster: Cluster
  readonly #reader: RawReader

  constructor(region: Reachable) {
    this.cluster = openClusterOf(region)
    this.kafka = createKafkaJs({ name: region.name, bootstrap: region.bootstrap, context: { clock, random } })
    this.#reader = new RawReader(this.cluster, { clock, random })
  }

  async createTopic(topic: string, configs: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.cluster.createTopics([{ topic, partitions: 1, replicationFactor: -1, configs }], signal)
    await eventually(
      `${topic} has a leader`,
      async () => {
        const { topics } = await this.cluster.metadata([topic], signal)
        return (topics[0]?.partitions[0]?.leaderId ?? -1) >= 0 || undefined
      },
      () => '',
    )
  }

  async topicId(topic: string): Promise<string> {
    return (await this.cluster.metadata([topic], signal)).topics[0]?.topicId ?? ''
  }

  async end(topic: string, partition = 0): Promise<number> {
    const listed = await this.cluster.listOffsets(
      { isolation: 'read_uncommitted', partitions: [{ topic, partition, timestamp: -1 }] },
      signal,
    )
    return listed[0]?.offset ?? -1
  }

  /** One batch a call. */
  async produce(topic: string, values: readonly string[]): Promise<void> {
    const producer = this.kafka.producer({ retry: { retries: 8 } })
    await producer.connect()
    await producer.send({ topic, messages: values.map((value) => ({ key: `key of ${value}`, value })) })
    await producer.disconnect()
  }

  /** Every application record that is in the log, transactions left aside. */
  async read(topic: string, partition = 0): Promise<ReadRecord[]> {
    const ref = { topic, topicId: await this.topicId(topic), partition }
    const end = await this.end(topic, partition)
    const records: ReadRecord[] = []
    const starts = { isolation: 'read_uncommitted' as const, partitions: [{ topic, partition, timestamp: -2 }] }
    for (let at = (await this.cluster.listOffsets(starts, signal))[0]?.offset ?? 0; at < end; ) {
      const fetched = await this.#reader.read(ref, { offset: at, maxBytes: 4 << 20 }, signal)
      const from = at
      for (let position = 0; ; ) {
        const header = readBatch(fetched.records, position)
        if (header === undefined) break
        position += header.sizeBytes
        at = header.baseOffset + header.lastOffsetDelta + 1
        if (isControl(header)) continue
        for (const { offset, timestamp, key, value } of decodeRecords(fetched.records, header)) {
          if (offset >= from) records.push({ offset, timestamp, key: textOf(key), value: textOf(value) })
        }
      }
      if (at === from) break
    }
    return records
  }

  /** What applications can read, with headers as text. */
  async readCommitted(topic: string, partition = 0): Promise<(ReadRecord & { headers: Record<string, string> })[]> {
    const ref = { topic, topicId: await this.topicId(topic), partition }
    const at = (timestamp: number) => ({ isolation: 'read_committed' as const, partitions: [{ ...ref, timestamp }] })
    const [start] = await this.cluster.listOffsets(at(-2), signal)
    const [end] = await this.cluster.listOffsets(at(-1), signal)
    const pace = new Pace(clock, 1e9)
    const sight = { cluster: this.cluster, reader: this.#reader, ref, clock, pace }
    const found: (ReadRecord & { headers: Record<string, string> })[] = []
    const range = { from: start?.offset ?? 0, to: end?.offset ?? 0 }
    for await (const { records } of committedRecords(sight, range, signal)) {
      for (const { offset, timestamp, key, value, headers } of records) {
        const named = Object.fromEntries(headers.map(([name, content]) => [String(name), String(content)]))
        found.push({ offset, timestamp, key: textOf(key), value: textOf(value), headers: named })
      }
    }
    return found
  }

  async close(): Promise<void> {
    await this.#reader[Symbol.asyncDispose]()
    await this.cluster.close()
  }
}

/** Records without their offsets: what an application sees. */
export function contents(records: readonly ReadRecord[]): string[] {
  return records.map(({ timestamp, key, value }) => `${timestamp} ${key} ${value}`)
}

export function values(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
}

export async function eventually<Answer>(
  what: string,
  look: () => Answer | undefined | Promise<Answer | undefined>,
  detail: () => string,
  limitMs = 30_000,
): Promise<Answer> {
  const endsAtMs = performance.now() + limitMs
  for (;;) {
    const answer = await look()
    if (answer !== undefined) return answer
    if (performance.now() > endsAtMs) throw new Error(`${what}: not within ${limitMs} ms ${detail()}`)
    await sleep(50)
  }
}

function openClusterOf(region: Reachable): Cluster {
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context: { clock, random } })
}

function textOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString()
}
