import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { compareCopiers } from '../support/compare-copiers.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import { javaProgram, toolsClasspath } from '../support/java/classpath.ts'
import { type Copier, type CopyMeasurement, measureCopy } from '../support/measure-copy.ts'
import { JVM_FLAGS, MirrorMaker, renderMirrorConfig, TUNINGS, type Tuning } from '../support/mirrormaker.ts'
import { type DataSet, writeLoad, writePayloads } from '../support/perf-load.ts'
import { countCodecs } from '../support/target-batches.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Isthmus and its peer copy the same topics between the same two regions, in turns, each run into fresh topics.
 *
 * A run is measured from its first record on the target to its last, so that start-up counts for neither. The peer runs
 * with another tuning each time and its fastest run counts, against the median of ours. The brokers share the machine
 * with the copying process: the ratios say what a user of one machine would see, absolute figures say little.
 */
const PEER = 'mirrormaker2'
const PARTITIONS = 8
const COPY_LIMIT_MS = 120_000
const BROKER_HEAP_MB = 1_024
const MEGA = 1e6

export const trial: Trial = {
  name: 'replicate',
  describe: 'throughput, CPU and memory of copying, divided by those of MirrorMaker 2 on the same regions',
  options: {
    peer: { describe: 'what to run against', default: PEER },
    random: { describe: 'records of 1,024 random bytes, not compressed', default: '800000' },
    compressed: { describe: 'records of about 120 bytes of JSON, lz4', default: '4000000' },
    unbatched: { describe: 'records of 100 bytes, each a batch of its own', default: '400000' },
  },
  fields: ['random', 'compressed', 'unbatched'],

  async run({ short, options }, { signal, log }) {
    if (options.peer !== PEER) throw new Error(`--peer ${options.peer} is not known; the peer is ${PEER}`)
    if (short) log('the short form shows that it works: its ratios are those of a peer that has not warmed up')
    const tunings = short ? TUNINGS.slice(0, 1) : TUNINGS
    const dataSets = describeData(short ? { random: 60_000, compressed: 300_000, unbatched: 30_000 } : options)
    const [java, classpath] = await Promise.all([javaProgram(), toolsClasspath(signal)])
    using folder = new TrialFolder()
    const start = (name: string) => startRegion({ name, signal, heapMb: BROKER_HEAP_MB })
    const [source, target] = await Promise.all([start('source'), start('target')])
    await using _source = source
    await using _target = target
    await using sourceCluster = clusterOf(source)
    await using targetCluster = clusterOf(target)
    const stage = { source, target, sourceCluster, targetCluster, java, classpath, folder }

    const rows: TrialResult['rows'][number][] = []
    const ratios: Record<string, Record<string, number>> = {}
    let isComplete = true
    for (const data of dataSets) {
      const ceiling = await prepare(stage, data, signal)
      log(`${data.name}: written to the source; writing it to the target takes ${rate(ceiling)} records/s`)
      const runs = await runInTurns(stage, data, tunings, { signal, log })
      isComplete &&= runs.every(({ copied }) => copied === data.records)
      rows.push(...runs.map((run) => renderRun(data, run, ceiling)))
      const of = (tool: Tool) => runs.filter((run) => run.tool === tool)
      ratios[data.name] = { ...compareCopiers(of('isthmus'), of(PEER)) }
      await sourceCluster.deleteTopics([data.topic], signal)
    }
    return { ok: isComplete, rows, summary: ratios }
  },
}

type Tool = 'isthmus' | typeof PEER

interface Stage {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly sourceCluster: Cluster
  readonly targetCluster: Cluster
  readonly java: string
  readonly classpath: string
  readonly folder: TrialFolder
}

interface Run extends CopyMeasurement {
  readonly tool: Tool
  readonly tuning: string
  readonly number: number
  /** Records on the target in the end, counted from the batches. */
  readonly copied: number
}

function describeData(counts: Readonly<Record<string, number | string>>): DataSet[] {
  const { random, compressed, unbatched } = counts
  return [
    {
      name: 'random',
      topic: 'bench.random',
      records: Number(random),
      bytes: 1_024,
      compression: 'none',
      payload: 'random',
    },
    {
      name: 'compressed',
      topic: 'bench.compressed',
      records: Number(compressed),
      bytes: 120,
      compression: 'lz4',
      payload: 'json',
    },
    {
      name: 'unbatched',
      topic: 'bench.unbatched',
      records: Number(unbatched),
      bytes: 100,
      compression: 'none',
      payload: 'random',
      isUnbatched: true,
    },
  ]
}

function clusterOf(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

/** Writes the data to the source, and once to the target: the ceiling of what a copy can reach, records a second. */
async function prepare(stage: Stage, data: DataSet, signal: AbortSignal): Promise<number> {
  const { source, target, sourceCluster, targetCluster, folder } = stage
  const payloads = folder.file(`${data.name}.payloads`)
  writePayloads(data, payloads)
  const ceilingTopic = `ceiling.${data.name}`
  await createTopic(sourceCluster, data.topic, signal)
  await createTopic(targetCluster, ceilingTopic, signal)
  await writeLoad(data, { bootstrap: source.bootstrap, topic: data.topic, payloads }, signal)
  const ceiling = await writeLoad(data, { bootstrap: target.bootstrap, topic: ceilingTopic, payloads }, signal)
  await targetCluster.deleteTopics([ceilingTopic], signal)
  return ceiling
}

async function createTopic(cluster: Cluster, topic: string, signal: AbortSignal): Promise<void> {
  const [outcome] = await cluster.createTopics(
    [{ topic, partitions: PARTITIONS, replicationFactor: 1, configs: {} }],
    signal,
  )
  if (outcome?.errorCode !== 0) throw new Error(`${topic} was not created: ${outcome?.message}`)
}

async function runInTurns(
  stage: Stage,
  data: DataSet,
  tunings: readonly Tuning[],
  context: TrialContext,
): Promise<Run[]> {
  const runs: Run[] = []
  for (const [index, tuning] of tunings.entries()) {
    const number = index + 1
    runs.push(await runIsthmus(stage, data, number, context))
    runs.push(await runPeer(stage, data, { number, tuning }, context))
  }
  return runs
}

async function runIsthmus(stage: Stage, data: DataSet, number: number, { signal, log }: TrialContext): Promise<Run> {
  const alias = `isthmus${number}`
  const link = `  - { name: ${alias}-${data.name}, source: source, target: target, topics: { include: ["${data.topic}"] }`
  const rest = `links:\n${link}, rename: "${alias}.{topic}" }`
  const options = { regions: [stage.source, stage.target], rest, logLevel: 'warn' }
  const measured = await (async () => {
    await using isthmus = await IsthmusProcess.start(options)
    return await measure(stage, data, { copier: isthmus, topic: `${alias}.${data.topic}` }, signal)
  })()
  log(describeRun(`isthmus, run ${number}`, data, measured))
  return { tool: 'isthmus', tuning: 'as it comes', number, ...measured }
}

async function runPeer(
  stage: Stage,
  data: DataSet,
  { number, tuning }: { readonly number: number; readonly tuning: Tuning },
  { signal, log }: TrialContext,
): Promise<Run> {
  const options = {
    java: stage.java,
    classpath: stage.classpath,
    alias: `peer${number}`,
    source: stage.source.bootstrap,
    target: stage.target.bootstrap,
    topic: data.topic,
    compression: data.compression,
    tuning,
  }
  log(`${PEER}, run ${number}, ${tuning.name}: java ${JVM_FLAGS.join(' ')} with\n${renderMirrorConfig(options)}`)
  const measured = await (async () => {
    await using peer = new MirrorMaker({ ...options, config: renderMirrorConfig(options) })
    return await measure(stage, data, { copier: peer, topic: `${options.alias}.${data.topic}` }, signal)
  })()
  log(describeRun(`${PEER}, run ${number}`, data, measured))
  return { tool: PEER, tuning: tuning.name, number, ...measured }
}

/** Measures one copy, counts what arrived and deletes it. */
async function measure(
  { target, targetCluster: cluster }: Stage,
  { records }: DataSet,
  { copier, topic }: { readonly copier: Copier; readonly topic: string },
  signal: AbortSignal,
): Promise<CopyMeasurement & { readonly copied: number }> {
  const copy = { cluster, topic, partitions: PARTITIONS, records, limitMs: COPY_LIMIT_MS }
  const measured = await measureCopy(copier, copy, signal)
  const counts = Object.values(await countCodecs(target.bootstrap, [topic], signal))
  await cluster.deleteTopics([topic], signal)
  return { ...measured, copied: counts.reduce((sum, count) => sum + count, 0) }
}

function describeRun(who: string, data: DataSet, measured: CopyMeasurement & { readonly copied: number }): string {
  const { copied, recordsPerSecond, cpuSeconds } = measured
  const copiedOf = copied === data.records ? 'everything copied' : `${copied} of ${data.records} records on the target`
  return `${data.name}: ${who}: ${rate(recordsPerSecond)} records/s, ${cpuSeconds.toFixed(1)} CPU s, ${copiedOf}`
}

function renderRun(data: DataSet, run: Run, ceiling: number): TrialResult['rows'][number] {
  const bytes = data.records * data.bytes
  return {
    data: data.name,
    run: run.number,
    tool: run.tool,
    tuning: run.tuning,
    seconds: fixed(run.seconds, 2),
    'records/s': Math.round(run.recordsPerSecond),
    'MB/s': fixed((run.recordsPerSecond * data.bytes) / MEGA, 1),
    'CPU s': fixed(run.cpuSeconds, 2),
    'CPU s/GB': fixed(run.cpuSeconds / (bytes / 1e9), 2),
    'memory MB': Math.round(run.peakBytes / MEGA),
    'ceiling records/s': Math.round(ceiling),
    copied: run.copied,
  }
}

function fixed(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}
