import type { FlowBody, IncidentBody, IncidentsBody } from '../../src/api/contract/index.ts'
import { systemClock as clock, systemRandom as random } from '../../src/core/index.ts'
import { type Cluster, createKafkaJs, openCluster } from '../../src/kafka/index.ts'
import { eventually, type IsthmusProcess } from './isthmus-process.ts'
import { type Comparison, compareLogs, type RecordLog } from './record-log.ts'
import { cli } from './run-cli.ts'
import type { TrialFolder } from './trial-folder.ts'

/** What the trials of loss and identity share: what an operator does to topics, and what the product says of it. */
const DETECTED_MS = 60_000
const BATCH_RECORDS = 25

export interface Bootstrapped {
  readonly name: string
  readonly bootstrap: readonly string[]
}

/** One region as operators and applications use it. */
export class Stage implements AsyncDisposable {
  readonly region: Bootstrapped
  readonly cluster: Cluster
  readonly #folder: TrialFolder
  readonly #signal: AbortSignal
  #runs = 0

  constructor(region: Bootstrapped, context: { readonly folder: TrialFolder; readonly signal: AbortSignal }) {
    this.region = region
    this.cluster = openCluster({ name: region.name, bootstrap: region.bootstrap, context: { clock, random } })
    this.#folder = context.folder
    this.#signal = context.signal
  }

  async create(topics: readonly string[], partitions: number): Promise<void> {
    const wanted = topics.map((topic) => ({ topic, partitions, replicationFactor: -1, configs: {} }))
    const refused = (await this.cluster.createTopics(wanted, this.#signal)).filter(({ errorCode }) => errorCode !== 0)
    if (refused.length > 0) throw new Error(`topics were not created: ${JSON.stringify(refused)}`)
    const look = async () => {
      const { topics: seen } = await this.cluster.metadata([...topics], this.#signal)
      const isLed = seen.every((one) => one.errorCode === 0 && one.partitions.every(({ leaderId }) => leaderId >= 0))
      return isLed || undefined
    }
    await eventually('the topics have leaders', look, { limitMs: 30_000, everyMs: 50, signal: this.#signal })
  }

  async delete(topics: readonly string[]): Promise<void> {
    await this.cluster.deleteTopics(topics, this.#signal)
    const look = async () => {
      const { topics: seen } = await this.cluster.metadata([...topics], this.#signal)
      return seen.every(({ errorCode }) => errorCode === 3) || undefined
    }
    await eventually('the topics are gone', look, { limitMs: 30_000, everyMs: 50, signal: this.#signal })
  }

  /** Deleted and made again with the same name. */
  async recreate(topics: readonly string[], partitions: number): Promise<void> {
    await this.delete(topics)
    await this.create(topics, partitions)
  }

  /** So many records over all these topics and their partitions, by a producer of its own with a producer id. */
  async write(topics: readonly string[], count: number): Promise<void> {
    const { bootstrap, name } = this.region
    const producer = createKafkaJs({ name, bootstrap, context: { clock, random } }).producer({ idempotent: true })
    const run = ++this.#runs
    await producer.connect()
    const { topics: seen } = await this.cluster.metadata([...topics], this.#signal)
    const places = seen.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partition }) => ({ topic, partition })),
    )
    for (let written = 0; written < count; ) {
      const batches = new Map<string, { partition: number; key: string; value: string }[]>()
      for (const { topic, partition } of places) {
        const share = Math.min(BATCH_RECORDS, Math.ceil((count - written) / places.length))
        const messages = Array.from({ length: share }, (_, at) => {
          return {
            partition,
            key: `${run}.${written + at}`,
            value: `record ${at} of ${name} in write ${run} ${'x'.repeat(80)}`,
          }
        })
        batches.set(topic, [...(batches.get(topic) ?? []), ...messages])
        written += share
        if (written >= count) break
      }
      await producer.sendBatch({ topicMessages: [...batches].map(([topic, messages]) => ({ topic, messages })) })
    }
    await producer.disconnect()
  }

  /** What Kafka's own consumer sees. */
  read(topics: readonly string[]): Promise<RecordLog> {
    const { bootstrap, name } = this.region
    return this.#folder.read(
      `${name}-${++this.#runs}`,
      { bootstrap, topics, isolation: 'read_committed' },
      this.#signal,
    )
  }

  /** Log start (-2) or end (-1) by `topic/partition`. */
  async offsets(topics: readonly string[], timestamp: -1 | -2): Promise<Map<string, number>> {
    const { topics: seen } = await this.cluster.metadata([...topics], this.#signal)
    const partitions = seen.flatMap(({ name: topic, partitions: held }) =>
      held.map(({ partition }) => ({ topic, partition, timestamp })),
    )
    const listed = await this.cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, this.#signal)
    return new Map(listed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster.close()
  }
}

export async function listIncidents(isthmus: IsthmusProcess): Promise<IncidentBody[]> {
  return (JSON.parse(await isthmus.get('/api/v1/incidents?limit=1000')) as IncidentsBody).incidents
}

/**
 * Waits until the product names something for each of these `topic/partition`. Acknowledged incidents stay on the list:
 * `known` are the ids of those that count for nothing.
 */
export function untilNamed(
  isthmus: IsthmusProcess,
  code: string,
  { places, known = new Set() }: { readonly places: readonly string[]; readonly known?: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<IncidentBody[]> {
  const look = async () => {
    const listed = await listIncidents(isthmus).catch(() => [])
    const found = listed.filter((one) => one.code === code && !known.has(one.id))
    const named = new Set(found.map(placeOf))
    return places.every((place) => named.has(place)) ? found : undefined
  }
  return eventually(`${code} of ${places.join(', ')}`, look, { limitMs: DETECTED_MS, signal })
}

/** Waits until each flow of a link is as it should be. */
export function untilFlows(
  isthmus: IsthmusProcess,
  link: string,
  isThere: (flow: FlowBody) => boolean,
  signal: AbortSignal,
): Promise<FlowBody[]> {
  const look = async () => {
    const flows = await isthmus.flows(link).catch(() => [])
    return flows.length > 0 && flows.every(isThere) ? flows : undefined
  }
  return eventually(`the flows of ${link} are as expected`, look, { limitMs: DETECTED_MS, signal })
}

export function isStoppedBy(code: string): (flow: FlowBody) => boolean {
  return ({ state, fault }) => state === 'stopped' && fault?.code === code
}

/** As an operator does, with the command. */
export async function acknowledge(
  isthmus: IsthmusProcess,
  incidents: readonly IncidentBody[],
  action?: 'reseed',
): Promise<void> {
  const ids = incidents.map(({ id }) => id)
  const more = action === undefined ? [] : ['--action', action]
  const args = ['incidents', 'acknowledge', ...ids, '--by', 'trial', ...more, '--api', isthmus.apiUrl]
  const { code, err } = await cli(args)
  if (code !== 0) throw new Error(`the acknowledgement ended with ${code}: ${err}`)
}

/** Reads the target until it holds what it should, or the time is up; the last comparison either way. */
export async function compareUntilEqual(
  expected: () => Promise<RecordLog>,
  target: () => Promise<RecordLog>,
  limitMs = 40_000,
): Promise<Comparison> {
  const wanted = await expected()
  const endsAtMs = performance.now() + limitMs
  for (;;) {
    const isLate = performance.now() > endsAtMs
    // A topic that is seeded again is gone for a moment.
    const log = await target().catch((error: unknown) => {
      if (isLate || !String(error).includes('does not exist')) throw error
    })
    if (log === undefined) continue
    const found = compareLogs(wanted, log)
    if (sumOf(found) === 0 || isLate) return found
  }
}

export function addTo(total: Comparison, one: Comparison): void {
  for (const name of Object.keys(total) as (keyof Comparison)[]) total[name] += one[name]
}

export function noComparison(): Comparison {
  return { compared: 0, lost: 0, repeated: 0, reordered: 0, different: 0 }
}

/** Whatever is wrong with a comparison, added up. */
export function sumOf({ lost, repeated, reordered, different }: Comparison): number {
  return lost + repeated + reordered + different
}

export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * What was destroyed and what the product named, offset by offset. `unattributed`: destroyed and not named, or named and
 * not destroyed.
 */
export function judgeNames(
  destroyed: ReadonlyMap<string, readonly Span[]>,
  named: ReadonlyMap<string, readonly Span[]>,
): { readonly destroyed: number; readonly named: number; readonly unattributed: number } {
  let [lost, told, unattributed] = [0, 0, 0]
  for (const place of new Set([...destroyed.keys(), ...named.keys()])) {
    const [one, other] = [offsetsOf(destroyed.get(place)), offsetsOf(named.get(place))]
    lost += one.size
    told += other.size
    const both = [...one].filter((offset) => other.has(offset)).length
    unattributed += one.size + other.size - 2 * both
  }
  return { destroyed: lost, named: told, unattributed }
}

/** By `topic/partition`; an end that is not known counts as the beginning. */
export function spansOf(incidents: readonly IncidentBody[], side: 'source' | 'target'): Map<string, Span[]> {
  const spans = new Map<string, Span[]>()
  for (const incident of incidents) {
    const range = incident[side]
    if (range === null) continue
    const place = placeOf(incident)
    spans.set(place, [...(spans.get(place) ?? []), { from: range.from, to: range.to ?? range.from }])
  }
  return spans
}

export function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`
}

export function codesOf(incidents: readonly IncidentBody[]): string {
  return [...new Set(incidents.map(({ code }) => code))].sort().join(' ')
}

function offsetsOf(spans: readonly Span[] = []): Set<number> {
  return new Set(spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at)))
}
