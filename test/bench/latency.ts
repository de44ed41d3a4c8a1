import { resolve } from 'node:path'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { javaProgram, runJava, toolsClasspath } from '../support/java/classpath.ts'
import type { Copier } from '../support/measure-copy.ts'
import { MirrorMaker, renderMirrorConfig, type Tuning } from '../support/mirrormaker.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * How old records are when a reader of the target gets them, while a producer writes at an even rate: Isthmus and its
 * peer in turns, against a reader of the source itself, which shows what producer, broker and reader cost by themselves.
 */
const PEER = 'mirrormaker2'
const TOPIC = 'bench.latency'
const JAVA = resolve(import.meta.dirname, '../support/java')
const FIRST_LIMIT_MS = 60_000
const WARM_UP_SECONDS = 5

/** As operators would tune it: without any linger, and with the one that still keeps up where that does not. */
const TUNINGS: readonly Tuning[] = [
  { name: 'no linger, 2 tasks', settings: latencySettings({ linger: '0', batch: '16384' }) },
  { name: 'linger 5 ms, 2 tasks', settings: latencySettings({ linger: '5', batch: '131072' }) },
]

function latencySettings({ linger, batch }: { linger: string; batch: string }): Tuning['settings'] {
  return {
    'tasks.max': '2',
    'producer.linger.ms': linger,
    'producer.batch.size': batch,
    'producer.enable.idempotence': 'true',
    'producer.max.in.flight.requests.per.connection': '5',
    'consumer.auto.offset.reset': 'latest',
  }
}

export const trial: Trial = {
  name: 'latency',
  describe: 'age of records at a reader of the target under load, divided by that behind MirrorMaker 2',
  options: {
    rate: { describe: 'records a second, 1,000 bytes each', default: '10000' },
    seconds: { describe: 'of each measurement', default: '20' },
    rounds: { describe: 'measurements of each tool', default: '4' },
  },
  fields: ['p99Ratio', 'p50Ratio', 'records'],
  populations: ['records', 'p99Ratio'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const seconds = short ? 5 : Number(options.seconds)
    const rounds = short ? 1 : Number(options.rounds)
    const [java, classpath] = await Promise.all([javaProgram(), toolsClasspath(signal)])
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal }),
    ])
    await using _source = source
    await using _target = target
    const writing = new AbortController()
    const load = {
      bootstrap: source.bootstrap.join(','),
      topics: TOPIC,
      partitions: 8,
      rate: Number(options.rate),
      seconds: 3_600,
      size: 1_000,
      burst: 1,
    }
    const produced = folder.produce('load', load, AbortSignal.any([signal, writing.signal]))
    const runs: Run[] = []
    const note = (tool: Tool, latency: Latency) => {
      runs.push({ tool, ...latency })
      log(`${tool}: p50 ${latency.p50} ms, p99 ${latency.p99} ms, ${latency.records} records`)
    }
    const stage = { source, target, seconds }
    await untilArriving(source, TOPIC, signal)
    note('source', await measure(source, TOPIC, seconds, signal))
    for (let round = 1; round <= rounds; round++) {
      const alias = `isthmus${round}`
      note('isthmus', await runIsthmus(stage, alias, context))
      const peer = { java, classpath, alias: `peer${round}`, source: source.bootstrap, target: target.bootstrap }
      const tuning = TUNINGS[(round - 1) % TUNINGS.length] as Tuning
      log(`${PEER}: ${tuning.name}`)
      const config = renderMirrorConfig({ ...peer, topic: TOPIC, compression: 'none', tuning })
      await using mirror = new MirrorMaker({ ...peer, config })
      note(PEER, await measureCopy(mirror, stage, `${peer.alias}.${TOPIC}`, context))
    }
    writing.abort()
    await produced
    const of = (tool: Tool) => runs.filter((run) => run.tool === tool)
    const ratio = (pick: (run: Run) => number) =>
      Number((median(of('isthmus').map(pick)) / Math.max(1, Math.min(...of(PEER).map(pick)))).toPrecision(3))
    return {
      ok: true,
      rows: runs.map(({ tool, p50, p99, max, records }) => ({
        tool,
        'p50 ms': p50,
        'p99 ms': p99,
        'max ms': max,
        records,
      })),
      summary: {
        p99Ratio: ratio(({ p99 }) => p99),
        p50Ratio: ratio(({ p50 }) => p50),
        records: runs.reduce((sum, { records }) => sum + records, 0),
      },
    }
  },
}

type Tool = 'source' | 'isthmus' | typeof PEER

interface Latency {
  readonly records: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Run extends Latency {
  readonly tool: Tool
}

interface Stage {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly seconds: number
}

async function runIsthmus(stage: Stage, alias: string, context: TrialContext): Promise<Latency> {
  const link = `  - { name: ${alias}, source: source, target: target, topics: { include: ["${TOPIC}"] }`
  const rest = `links:\n${link}, start: latest, rename: "${alias}.{topic}" }`
  await using isthmus = await IsthmusProcess.start({ regions: [stage.source, stage.target], rest, logLevel: 'warn' })
  return await measureCopy(isthmus, stage, `${alias}.${TOPIC}`, context)
}

async function measureCopy(copier: Copier, stage: Stage, topic: string, { signal }: TrialContext): Promise<Latency> {
  await untilArriving(stage.target, topic, signal, copier)
  return measure(stage.target, topic, stage.seconds, signal)
}

async function untilArriving(region: LocalRegion, topic: string, signal: AbortSignal, copier?: Copier): Promise<void> {
  const look = async () => {
    if (copier?.isRunning === false) throw new Error(`the copying process ended:\n${copier.log.slice(-20).join('\n')}`)
    const latency = await measure(region, topic, 1, signal, 0).catch(() => undefined)
    return latency !== undefined && latency.records > 0 ? true : undefined
  }
  await eventually(`records arrive in ${topic}`, look, { limitMs: FIRST_LIMIT_MS, signal })
}

/** What piled up before the start of a copy is through when the warm-up is. */
async function measure(
  region: LocalRegion,
  topic: string,
  seconds: number,
  signal: AbortSignal,
  warmUpSeconds = WARM_UP_SECONDS,
): Promise<Latency> {
  let latency: Latency | undefined
  const onLine = (line: string) => {
    if (line.startsWith('{')) latency = JSON.parse(line) as Latency
  }
  const time = ['--seconds', String(seconds), '--warm-up', String(warmUpSeconds)]
  const args = ['--bootstrap', region.bootstrap.join(','), '--topic', topic, ...time]
  await runJava(resolve(JAVA, 'LatencyReader.java'), args, { signal, onLine, heapMb: 128 })
  if (latency === undefined) throw new Error('the reader did not tell a latency')
  return latency
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
