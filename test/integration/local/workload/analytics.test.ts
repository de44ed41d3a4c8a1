import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Kafka, Partitioners } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalRegion, startRegion } from '../../../../src/local/index.ts'
import {
  type AggregateComparison,
  compareAggregates,
  computeAggregates,
  createWorkloadClient,
  createWorkloadTopics,
  DEFAULT_WINDOWS,
  GROUPS,
  readAggregates,
  readDeadLetters,
  readReadings,
  readTopic,
  SensorAnalytics,
  SensorFleet,
  type SensorReading,
  TOPICS,
  WeatherStream,
  WeatherWatch,
} from '../../../../src/local/workload/index.ts'

const clientOf = (region: LocalRegion) => createWorkloadClient(region.bootstrap)

async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits until what is published equals what the readings give, and answers the last comparison in any case. */
async function settle(kafka: Kafka, readings: readonly SensorReading[]): Promise<AggregateComparison> {
  const expected = computeAggregates(readings, DEFAULT_WINDOWS)
  let comparison = compareAggregates([], expected)
  const isEqual = async () => {
    comparison = compareAggregates(await readAggregates(kafka), expected)
    return comparison.isEqual
  }
  await until('the aggregates equal the oracle', isEqual, 40_000).catch(() => undefined)
  return comparison
}

function startProcess(bootstrap: readonly string[]): ChildProcess {
  const path = new URL('./analytics-process.ts', import.meta.url).pathname
  return spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', path, bootstrap.join(',')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Resolves once the process owns partitions and has committed this many transactions. */
async function hasCommitted(analytics: ChildProcess, commits: number): Promise<void> {
  let seen = 0
  analytics.stdout?.on('data', (chunk: Buffer) => {
    for (const [, count] of chunk.toString().matchAll(/"commits":(\d+)/g)) seen = Math.max(seen, Number(count))
  })
  await until(`${commits} transactions of the process`, () => seen >= commits)
}

let east: LocalRegion
let west: LocalRegion

beforeAll(async () => {
  ;[east, west] = await Promise.all([startRegion({ name: 'east' }), startRegion({ name: 'west' })])
  await createWorkloadTopics(clientOf(east), { replicationFactor: 1 })
  await createWorkloadTopics(clientOf(west), { replicationFactor: 1 })
}, 120_000)

afterAll(async () => {
  await Promise.all([east?.stop(), west?.stop()])
})

describe('the sensor workload on a region', () => {
  const acknowledged: SensorReading[] = []
  const fleet = new SensorFleet({
    seed: 11,
    ratePerSecond: 150,
    malformedShare: 0.03,
    growAfterReadings: 10,
    onAcknowledged: (readings) => {
      acknowledged.push(...readings)
    },
  })
  const weather = new WeatherStream({ seed: 11, ratePerSecond: 20, anomalyShare: 0.1 })
  const watch = new WeatherWatch()

  it('ends in the aggregates of the oracle after a kill without a commit, a restart and a rebalance', async () => {
    const kafka = clientOf(east)
    await Promise.all([fleet.start(kafka), weather.start(kafka), watch.start(kafka)])
    const first = startProcess(east.bootstrap)
    await hasCommitted(first, 40)
    first.kill('SIGKILL')
    await once(first, 'exit')

    const second = new SensorAnalytics({ sessionTimeoutMs: 6_000 })
    const third = new SensorAnalytics({ sessionTimeoutMs: 6_000 })
    await second.start(kafka)
    await until('the second instance goes on', () => second.stats.applied > 300)
    expect(second.stats.restores).toBeGreaterThanOrEqual(8)
    await third.start(kafka)
    await until('the third instance takes part', () => third.stats.applied > 100)
    expect(new Set([...second.stats.partitions, ...third.stats.partitions]).size).toBe(8)
    await second.stop()
    await until('the third instance takes all', () => third.stats.partitions.length === 8)
    await Promise.all([fleet.stop(), weather.stop()])
    expect(fleet.stats.buffered).toBe(0)

    const comparison = await settle(kafka, acknowledged)
    expect(comparison.reason).toMatch(/^all \d+ windows are equal$/)
    await until('the watch has read all weather', () => watch.stats.consumed === weather.stats.acknowledged)
    await Promise.all([third.stop(), watch.stop()])
  })

  it('keeps every malformed record as a dead letter with its reason and origin', async () => {
    const kafka = clientOf(east)
    const letters = await readDeadLetters(kafka)
    const inTopic = (await readTopic(kafka, TOPICS.readings)).length
    const fromSource = letters.filter(({ origin }) => origin.kind === 'source')
    const fromTopic = letters.flatMap(({ origin }) => (origin.kind === 'topic' ? [origin] : []))
    expect(fromSource).toHaveLength(fleet.stats.deadLettered)
    // One dead letter a malformed record, in spite of the kill: they are part of the transactions.
    expect(fromTopic).toHaveLength(inTopic - acknowledged.length)
    expect(fromTopic.length).toBeGreaterThan(0)
    expect(new Set(fromTopic.map(({ topic }) => topic))).toEqual(new Set([TOPICS.readings]))
    expect(letters.every(({ reason }) => ['not-json', 'schema'].includes(reason))).toBe(true)
    expect(letters.some(({ path }) => path === '/value')).toBe(true)
  })

  it('has readings of both schema versions in the topic, and alerts of sensors and weather', async () => {
    const kafka = clientOf(east)
    const readings = await readReadings(kafka)
    expect(readings).toHaveLength(acknowledged.length)
    expect(readings.some((reading) => 'battery' in reading)).toBe(true)
    expect(readings.some((reading) => !('battery' in reading))).toBe(true)
    const subjects = (await readTopic(kafka, TOPICS.alerts)).map(({ key }) => key?.split(':')[1])
    expect(subjects).toContain('wind')
    expect(watch.stats.alerts).toBeGreaterThan(0)
  })

  it('goes on in another region, from translated positions that are ahead of the copied state', async () => {
    const [source, target] = [clientOf(east), clientOf(west)]
    const shift = 1_000
    await copyTopic(source, target, TOPICS.readings, { shift })
    // The copies of the state end too early, as after a loss of the source.
    await copyTopic(source, target, TOPICS.changelog, { share: 0.6 })
    await copyTopic(source, target, TOPICS.aggregates, { share: 0.4 })
    await translatePositions(source, target, shift)

    const analytics = new SensorAnalytics()
    await Promise.all([fleet.start(target), analytics.start(target)])
    await until('the analytics applies new readings', () => analytics.stats.applied > 500)
    await fleet.stop()
    const comparison = await settle(target, acknowledged)
    expect(comparison.reason).toMatch(/^all \d+ windows are equal$/)
    expect(analytics.stats.rewinds).toBe(8)
    expect(analytics.stats.repeated).toBeGreaterThan(0)
    await analytics.stop()
  })

  it('goes on after its broker was killed and started again', async () => {
    const kafka = clientOf(west)
    const analytics = new SensorAnalytics({ sessionTimeoutMs: 6_000 })
    await Promise.all([fleet.start(kafka), analytics.start(kafka)])
    await until('the analytics applies readings', () => analytics.stats.applied > 200)
    await west.stopBroker(0, { hard: true })
    await until('a send fails', () => fleet.stats.failedSends > 0)
    await west.startBroker(0)
    const before = analytics.stats.applied
    await until('the analytics goes on', () => analytics.stats.applied > before + 300, 60_000)
    await until('the fleet has caught up', () => fleet.stats.buffered < 100)
    await fleet.stop()
    const comparison = await settle(kafka, acknowledged)
    expect(comparison.reason).toMatch(/^all \d+ windows are equal$/)
    await analytics.stop()
  })
})

/** Copies what a reader sees, keeping partitions, timestamps and order; `shift` moves the offsets, `share` cuts the end. */
async function copyTopic(source: Kafka, target: Kafka, topic: string, options: { shift?: number; share?: number }) {
  const byPartition = Map.groupBy(await readTopic(source, topic), ({ partition }) => partition)
  const producer = target.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (const [partition, records] of byPartition) {
    const padding = Array.from({ length: options.shift ?? 0 }, () => ({ partition, value: 'x', timestamp: '1' }))
    const copied = records.slice(0, Math.ceil(records.length * (options.share ?? 1))).map((record) => ({
      partition,
      key: record.key,
      value: record.value,
      headers: record.headers,
      timestamp: String(record.timestampMs),
    }))
    await producer.send({ topic, messages: [...padding, ...copied] })
  }
  await producer.disconnect()
}

async function translatePositions(source: Kafka, target: Kafka, shift: number): Promise<void> {
  const [from, to] = [source.admin(), target.admin()]
  await Promise.all([from.connect(), to.connect()])
  const [group] = await from.fetchOffsets({ groupId: GROUPS.analytics, topics: [TOPICS.readings] })
  const partitions = (group?.partitions ?? []).map(({ partition, offset }) => ({
    partition,
    offset: String(Number(offset) + shift),
  }))
  await to.setOffsets({ groupId: GROUPS.analytics, topic: TOPICS.readings, partitions })
  await Promise.all([from.disconnect(), to.disconnect()])
}
