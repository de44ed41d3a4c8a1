import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, encodeBatch, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, localPorts, startRegion } from '../../src/local/index.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { readUsage } from '../support/process-usage.ts'
import { RequestCounter } from '../support/request-counter.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * One process, many partitions, and next to nothing to copy: what they cost while idle, and how long a start takes.
 *
 * The process is started three times: with an empty selection, which is the base; with everything new, so that it
 * makes the topics; and on standing copies, with one record waiting in one partition and another one written while it
 * starts. Every partition holds a record, so that every flow has a tail to prove. The judge is the target's log end.
 */
const START_LIMIT_MS = 240_000
/** Idle is what comes after the start: what that leaves behind is given back after ten to fifteen quiet seconds. */
const SETTLE_MS = 20_000
const FIRST_IDLE_MS = 5_000
const TOPICS_PER_REQUEST = 10
const BATCHES_PER_REQUEST = 500
const BROKER_HEAP_MB = 1_024
const LINK = 'many'
const MEGA = 1e6
/** Small preallocated indexes, since each of the logs has two. */
const BROKER_CONFIG = { 'log.index.size.max.bytes': '65536' }

export const trial: Trial = {
  name: 'partitions',
  describe: 'many partitions on one replicator: idle CPU and memory, and how long a start takes',
  options: {
    topics: { describe: 'topics to copy', default: '100' },
    partitions: { describe: 'partitions of each', default: '100' },
    idle: { describe: 'seconds of the idle measurement', default: '20' },
  },
  fields: [
    'idleCpuShare',
    'memoryAboveBaseMb',
    'firstRecordSeconds',
    'liveRecordSeconds',
    'allRunningSeconds',
    'sourceRequestsPerSecond',
    'targetRequestsPerSecond',
  ],
  populations: ['partitions', 'copied'],

  async run({ short, options }, { signal, log }) {
    const layout = { topics: short ? 10 : Number(options['topics']), partitions: Number(options['partitions']) }
    const flowCount = layout.topics * layout.partitions
    const idleMs = Number(options['idle']) * 1_000
    await using stage = await openStage(signal)
    await seed(stage, layout, { signal, log })

    const base = await measureBase(stage, idleMs, signal)
    log(`base: ${render(base)}`)
    const first = await measureStart(stage, layout, { signal, log })
    const firstIdle = await measureIdle(stage, first.isthmus, FIRST_IDLE_MS, signal)
    log(`first start: ${render({ ...first.times, ...firstIdle })}`)
    await first.isthmus.terminate()
    await first.isthmus[Symbol.asyncDispose]()

    await produce(stage.source.cluster, [{ topic: topicName(layout.topics - 1), partition: 0 }], signal)
    const second = await measureStart(stage, layout, { signal, log })
    await using isthmus = second.isthmus
    const idle = await measureIdle(stage, isthmus, idleMs, signal)
    log(`start on standing copies: ${render({ ...second.times, ...idle })}`)
    const copied = (await ends(stage.target.cluster, layout, signal)).filter((end) => end > 0).length
    const pages = await measurePages(isthmus)
    const summary = {
      partitions: flowCount,
      copied,
      idleCpuShare: fixed(idle.cpuShare, 4),
      memoryAboveBaseMb: Math.round(Math.max(idle.memoryMb, firstIdle.memoryMb) - base.memoryMb),
      baseMemoryMb: Math.round(base.memoryMb),
      peakMemoryMb: Math.round(Math.max(idle.peakMb, firstIdle.peakMb)),
      firstRecordSeconds: fixed(second.times.firstSeconds, 2),
      liveRecordSeconds: fixed(second.times.liveSeconds, 2),
      allRunningSeconds: fixed(second.times.runningSeconds, 2),
      newTopicsFirstRecordSeconds: fixed(first.times.firstSeconds, 2),
      newTopicsAllRunningSeconds: fixed(first.times.runningSeconds, 2),
      sourceRequestsPerSecond: fixed(idle.sourceRequests, 1),
      targetRequestsPerSecond: fixed(idle.targetRequests, 1),
      ...pages,
    }
    const rows = [
      row('empty selection', base),
      row('first start', firstIdle, first.times),
      row('standing copies', idle, second.times),
    ]
    return { ok: copied === flowCount, rows, summary }
  },
}

interface Layout {
  readonly topics: number
  readonly partitions: number
}

interface Side {
  readonly region: LocalRegion
  readonly cluster: Cluster
  readonly counter: RequestCounter
}

interface Stage extends AsyncDisposable {
  readonly source: Side
  readonly target: Side
}

interface Idle {
  readonly cpuShare: number
  readonly memoryMb: number
  /** Since the start of the process. */
  readonly peakMb: number
  readonly sourceRequests: number
  readonly targetRequests: number
  readonly kilobytes: number
}

interface Times {
  readonly firstSeconds: number
  readonly liveSeconds: number
  readonly runningSeconds: number
}

async function openStage(signal: AbortSignal): Promise<Stage> {
  const [source, target] = await Promise.all([openSide('source', signal), openSide('target', signal)])
  const close = async () => {
    for (const { cluster, counter, region } of [source, target]) {
      await cluster.close()
      await counter[Symbol.asyncDispose]()
      await region.stop()
    }
  }
  return { source, target, [Symbol.asyncDispose]: close }
}

/** The process is told of the counter only; the bench itself speaks past it once it knows the broker. */
async function openSide(name: string, signal: AbortSignal): Promise<Side> {
  const [listenPort = 0] = await localPorts.take(1)
  const region = await startRegion({
    name,
    signal,
    heapMb: BROKER_HEAP_MB,
    brokerConfig: BROKER_CONFIG,
    advertisedPorts: [listenPort],
  })
  const targetPort = Number(region.bootstrap[0]?.split(':')[1])
  const counter = await RequestCounter.start({ listenPort, targetPort })
  const context = { clock: systemClock, random: systemRandom }
  return { region, counter, cluster: openCluster({ name, bootstrap: region.bootstrap, context }) }
}

function topicName(index: number): string {
  return `many.${String(index).padStart(3, '0')}`
}

function everyPartition({ topics, partitions }: Layout) {
  return Array.from({ length: topics * partitions }, (_, index) => {
    return { topic: topicName(Math.floor(index / partitions)), partition: index % partitions }
  })
}

async function seed({ source }: Stage, layout: Layout, { signal, log }: TrialContext): Promise<void> {
  const names = Array.from({ length: layout.topics }, (_, index) => topicName(index))
  for (let at = 0; at < names.length; at += TOPICS_PER_REQUEST) {
    const chunk = names.slice(at, at + TOPICS_PER_REQUEST).map((topic) => {
      return { topic, partitions: layout.partitions, replicationFactor: 1, configs: {} }
    })
    const outcomes = await source.cluster.createTopics(chunk, signal)
    const refused = outcomes.find(({ errorCode }) => errorCode !== 0)
    if (refused !== undefined) throw new Error(`${refused.topic} was not created: ${refused.message}`)
  }
  const isServed = async () => (await ends(source.cluster, layout, signal)).every((end) => end >= 0) || undefined
  await eventually('the source has its topics', isServed, { limitMs: START_LIMIT_MS, signal })
  await produce(source.cluster, everyPartition(layout), signal)
  log(`${layout.topics * layout.partitions} partitions with a record each`)
}

async function produce(
  cluster: Cluster,
  places: readonly { readonly topic: string; readonly partition: number }[],
  signal: AbortSignal,
): Promise<void> {
  const { topics } = await cluster.metadata([...new Set(places.map(({ topic }) => topic))], signal)
  const ids = new Map(topics.map(({ name, topicId }) => [name, topicId]))
  const leader = cluster.leaderOf(places[0]?.topic ?? '', 0)
  const channel = await cluster.openChannel(leader?.leaderId ?? -1, signal)
  try {
    for (let at = 0; at < places.length; at += BATCHES_PER_REQUEST) {
      const batches = places.slice(at, at + BATCHES_PER_REQUEST).map(({ topic, partition }) => {
        const record = { timestamp: Date.now(), key: null, value: Buffer.from('one of few'), headers: [] }
        const nobody = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
        return {
          topic,
          topicId: ids.get(topic) ?? '',
          partition,
          batch: encodeBatch({ records: [record], codec: 'none', ...nobody }),
        }
      })
      const { partitions } = await channel.produce({ timeoutMs: 30_000, batches })
      const refused = partitions.find(({ errorCode }) => errorCode !== 0)
      if (refused !== undefined) throw new Error(`${refused.topic}-${refused.partition}: code ${refused.errorCode}`)
    }
  } finally {
    await channel.close()
  }
}

function startProcess({ source, target }: Stage, include: string): Promise<IsthmusProcess> {
  const link = `  - { name: ${LINK}, source: source, target: target, topics: { include: ["${include}"] } }`
  return IsthmusProcess.start({ regions: [source.region, target.region], rest: `links:\n${link}`, logLevel: 'warn' })
}

async function measureBase(stage: Stage, idleMs: number, signal: AbortSignal): Promise<Idle> {
  await using isthmus = await startProcess(stage, 'none.*')
  const isRunning = async () => ((await isthmus.status())?.links[0]?.state === 'running' ? true : undefined)
  await eventually('the base runs', isRunning, { limitMs: START_LIMIT_MS, signal })
  const idle = await measureIdle(stage, isthmus, idleMs, signal)
  await isthmus.terminate()
  return idle
}

async function measureIdle(stage: Stage, isthmus: IsthmusProcess, ms: number, signal: AbortSignal): Promise<Idle> {
  await sleep(SETTLE_MS, undefined, { signal })
  const look = () => ({
    atMs: performance.now(),
    ...readUsage(isthmus.pid),
    source: stage.source.counter.counts,
    target: stage.target.counter.counts,
  })
  const before = look()
  await sleep(ms, undefined, { signal })
  const after = look()
  const seconds = (after.atMs - before.atMs) / 1_000
  return {
    cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds,
    memoryMb: after.residentBytes / MEGA,
    peakMb: after.peakBytes / MEGA,
    sourceRequests: (after.source.requests - before.source.requests) / seconds,
    targetRequests: (after.target.requests - before.target.requests) / seconds,
    kilobytes: (after.source.bytes - before.source.bytes + after.target.bytes - before.target.bytes) / 1_000 / seconds,
  }
}

/** Times from the start of the process: to a record that waited, to one that came meanwhile, to all flows running. */
async function measureStart(
  stage: Stage,
  layout: Layout,
  { signal, log }: TrialContext,
): Promise<{ readonly isthmus: IsthmusProcess; readonly times: Times }> {
  const { cluster } = stage.target
  const waiting = { topic: topicName(layout.topics - 1), partition: 0 }
  const live = { topic: topicName(layout.topics >> 1), partition: layout.partitions - 1 }
  const [waitingEnd, liveEnd] = await Promise.all([
    endOf(stage.source.cluster, waiting, signal),
    endOf(stage.source.cluster, live, signal),
  ])
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1_000
  const isthmus = await startProcess(stage, 'many.*')
  try {
    await produce(stage.source.cluster, [live], signal)
    const arrival = async (place: typeof waiting, end: number) => {
      const isThere = async () => {
        if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
        return (await endOf(cluster, place, signal)) >= end ? seconds() : undefined
      }
      return eventually('the record arrives', isThere, { limitMs: START_LIMIT_MS, everyMs: 50, signal })
    }
    const allRun = async () => {
      const link = (await isthmus.status())?.links[0]
      return link?.flows.running === layout.topics * layout.partitions ? seconds() : undefined
    }
    const [firstSeconds, liveSeconds, runningSeconds] = await Promise.all([
      arrival(waiting, waitingEnd),
      arrival(live, liveEnd + 1),
      eventually('all flows run', allRun, { limitMs: START_LIMIT_MS, everyMs: 1_000, signal }),
    ])
    log(`first ${fixed(firstSeconds, 2)} s, live ${fixed(liveSeconds, 2)} s, all ${fixed(runningSeconds, 2)} s`)
    const caughtUp = async () => {
      const held = (await ends(cluster, layout, signal)).filter((end) => end > 0).length
      return held === layout.topics * layout.partitions ? true : undefined
    }
    await eventually('everything is copied', caughtUp, { limitMs: START_LIMIT_MS, everyMs: 1_000, signal })
    return { isthmus, times: { firstSeconds, liveSeconds, runningSeconds } }
  } catch (error) {
    await isthmus[Symbol.asyncDispose]()
    throw error
  }
}

async function endOf(
  cluster: Cluster,
  place: { topic: string; partition: number },
  signal: AbortSignal,
): Promise<number> {
  const query = { isolation: 'read_uncommitted' as const, partitions: [{ ...place, timestamp: -1 }], deadlineMs: 0 }
  const [listed] = await cluster.listOffsets(query, signal)
  return listed?.offset ?? -1
}

async function ends(cluster: Cluster, layout: Layout, signal: AbortSignal): Promise<number[]> {
  const partitions = everyPartition(layout).map((place) => ({ ...place, timestamp: -1 }))
  const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions, deadlineMs: 0 }, signal)
  return listed.map(({ offset }) => offset)
}

/** What a look costs: the metrics page and the status, milliseconds. */
async function measurePages(isthmus: IsthmusProcess) {
  const time = async (path: string) => {
    const startedMs = performance.now()
    const { length } = await isthmus.get(path)
    return { ms: Math.round(performance.now() - startedMs), length }
  }
  await time('/metrics')
  const metrics = await time('/metrics')
  const status = await time('/api/v1/status')
  return { metricsMs: metrics.ms, metricsMb: fixed(metrics.length / MEGA, 2), statusMs: status.ms }
}

function render(figures: object): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${fixed(Number(value), 4)}`)
    .join(', ')
}

function row(what: string, idle: Idle, times?: Times): TrialResult['rows'][number] {
  return {
    start: what,
    'idle CPU': fixed(idle.cpuShare, 4),
    'memory MB': Math.round(idle.memoryMb),
    'peak MB': Math.round(idle.peakMb),
    'source requests/s': fixed(idle.sourceRequests, 1),
    'target requests/s': fixed(idle.targetRequests, 1),
    'kB/s': fixed(idle.kilobytes, 1),
    'first record s': times === undefined ? '' : fixed(times.firstSeconds, 2),
    'live record s': times === undefined ? '' : fixed(times.liveSeconds, 2),
    'all running s': times === undefined ? '' : fixed(times.runningSeconds, 2),
  }
}

function fixed(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
