import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, openCluster } from '../../src/kafka/index.ts'
import type { LocalRegion } from '../../src/local/index.ts'
import {
  type FarStage,
  MEGABYTE,
  pipeOf,
  RECORD_BYTES,
  startFarStage,
  writeSmallBatches,
} from '../support/far-region.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { measureCopy } from '../support/measure-copy.ts'
import { compareLogs, type RecordLog } from '../support/record-log.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A region that is 100 ms away, there and back, behind a pipe of a given rate and an ordinary TCP window.
 *
 * One partition of 16 KiB batches is copied from there and to there, against a plain TCP stream through the same pipe.
 * Then three links share a limit: their rates are held against what limit and priorities say.
 */
/** Of the process, and of the one link that has a limit of its own. */
const LIMIT_MB = 4
const OWN_LIMIT_MB = 0.5
const PRIORITIES = { low: 10, high: 30 }
const LOOK_EVERY_MS = 50
const WARM_UP_MS = 2_500
/** Least share of a plain stream, and most error of the limits' shares. */
const AIMS = { ratio: 0.8, error: 0.05 }
/**
 * The short form watches the links for nine seconds, on machines whose CPU somebody else may take: a plain stream loses less
 * by that than a copy. A copy that waits for each answer, or for a window of 64 KiB, would be below 0.1.
 */
const SHORT_AIMS = { ratio: 0.5, error: 0.25 }
const COPY_LIMIT_MS = 120_000

export const trial: Trial = {
  name: 'wan',
  isAlone: true,
  describe: 'a long pipe is filled by one partition, in both directions; limits and priorities of links hold',
  options: {
    megabytes: { describe: 'to copy in each direction', default: '400' },
    'pipe-megabytes': { describe: 'a second that the pipe lets through', default: '25' },
  },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'farSource',
    'farTarget',
    'limitError',
    'ownLimitError',
    'priorityError',
  ],
  populations: ['compared', 'farSource', 'farTarget'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const records = short ? 60_000 : Number(options.megabytes) * 1_000
    using folder = new TrialFolder()
    await using regions = await startFarStage(pipeOf(short ? 10 : Number(options['pipe-megabytes'])), signal)
    const { near, far, plain } = regions
    log(`a plain TCP stream through the pipe: ${(plain / MEGABYTE).toFixed(1)} MB/s`)

    const [from, to] = [
      { source: far, target: near, topic: 'wan.in' },
      { source: near, target: far, topic: 'wan.out' },
    ]
    const write = (way: Way) => regions.nearby(() => writeSmallBatches(folder, { ...way, count: records }, signal))
    await write(from)
    await write(to)
    const stage = { folder, records, regions }
    const farSource = await copy(stage, from, context)
    const farTarget = await copy(stage, to, context)
    const shares = await measureShares({ ...from, records }, context)

    const compared = add(farSource.compared, farTarget.compared)
    const aims = short ? SHORT_AIMS : AIMS
    const ok =
      compared.lost + compared.repeated + compared.reordered + compared.different === 0 &&
      Math.min(farSource.ratio, farTarget.ratio) >= aims.ratio &&
      Math.max(shares.limitError, shares.ownLimitError, shares.priorityError) <= aims.error
    const row = (way: string, { ratio }: { ratio: number }) => ({ way, 'of a plain stream': ratio })
    return {
      ok,
      rows: [row('from far to near', farSource), row('from near to far', farTarget)],
      summary: { ...compared, farSource: farSource.ratio, farTarget: farTarget.ratio, ...shares },
    }
  },
}

interface Way {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly topic: string
}

/** Copies the topic while its records are already there, and compares both sides. */
async function copy(
  { folder, records, regions }: { readonly folder: TrialFolder; readonly records: number; readonly regions: FarStage },
  { source, target, topic }: Way,
  { signal, log }: TrialContext,
) {
  const rest = `links:\n  - { name: wan, source: ${source.name}, target: ${target.name}, topics: { include: [${topic}] } }`
  await using cluster = clusterOf(target)
  await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest, logLevel: 'warn' })
  const wanted = { cluster, topic, partitions: 1, records, limitMs: COPY_LIMIT_MS }
  const { recordsPerSecond } = await measureCopy(isthmus, wanted, signal)
  const ratio = round((recordsPerSecond * RECORD_BYTES) / regions.plain)
  log(`${topic}: ${((recordsPerSecond * RECORD_BYTES) / MEGABYTE).toFixed(1)} MB/s, ${ratio} of a plain stream`)
  const read = ({ name, bootstrap }: LocalRegion) =>
    folder.read(name, { bootstrap, topics: [topic], isolation: 'read_uncommitted' }, signal)
  const [before, after]: RecordLog[] = await regions.nearby(() => Promise.all([read(source), read(target)]))
  return { ratio, compared: compareLogs(before ?? new Map(), after ?? new Map()) }
}

/** Rates of three links that all want more than they get, over the same seconds. */
async function measureShares(
  { source, target, records }: { readonly source: LocalRegion; readonly target: LocalRegion; readonly records: number },
  { signal, log }: TrialContext,
) {
  const link = (name: string, traffic: string) =>
    `  - { name: ${name}, source: ${source.name}, target: ${target.name}, topics: { include: [wan.in] }, ` +
    `rename: "${name}.{topic}", traffic: { ${traffic} } }`
  const rest = [
    `replication: { maxMegabytesPerSecond: ${LIMIT_MB} }`,
    'links:',
    link('low', `priority: ${PRIORITIES.low}`),
    link('high', `priority: ${PRIORITIES.high}`),
    link('own', `priority: ${PRIORITIES.high}, maxMegabytesPerSecond: ${OWN_LIMIT_MB}`),
  ].join('\n')
  await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest, logLevel: 'warn' })
  const look = async () => {
    const metrics = await isthmus.get('/metrics')
    return { atMs: performance.now(), bytes: (name: string) => bytesCopied(metrics, name) }
  }
  const begun = async () => ((await look().catch(() => undefined))?.bytes('low') ?? 0) > 0 || undefined
  await eventually('the links copy', begun, { limitMs: COPY_LIMIT_MS, signal })
  await sleep(WARM_UP_MS, undefined, { signal })
  // As long as the fastest link has something left to copy.
  const fastest = LIMIT_MB * MEGABYTE
  const endsAtMs = performance.now() + Math.min(20_000, ((records * RECORD_BYTES) / fastest) * 600)
  const names = ['low', 'high', 'own']
  const steps = new Map(names.map((name) => [name, new Steps()]))
  while (performance.now() < endsAtMs) {
    const { atMs, bytes } = await look()
    for (const name of names) steps.get(name)?.see(atMs, bytes(name))
    await sleep(LOOK_EVERY_MS, undefined, { signal })
  }
  const rate = (name: string) => (steps.get(name)?.bytesPerMs() ?? 0) * (1_000 / MEGABYTE)
  const [low, high, own] = [rate('low'), rate('high'), rate('own')]
  log(`links: low ${low.toFixed(2)}, high ${high.toFixed(2)}, own limit ${own.toFixed(2)} MB/s`)
  return {
    limitError: round(Math.abs((low + high + own) / LIMIT_MB - 1)),
    ownLimitError: round(Math.abs(own / OWN_LIMIT_MB - 1)),
    priorityError: round(Math.abs(high / low / (PRIORITIES.high / PRIORITIES.low) - 1)),
  }
}

/**
 * The rate of what grows in steps, batches that a slow link gets a few of a second: from one step to another, since a
 * part of a step at either end would be counted whole or not at all.
 */
class Steps {
  #first: { readonly atMs: number; readonly bytes: number } | undefined
  #last: { readonly atMs: number; readonly bytes: number } | undefined
  #seen: number | undefined

  see(atMs: number, bytes: number): void {
    if (this.#seen !== undefined && bytes !== this.#seen) {
      this.#last = { atMs, bytes }
      this.#first ??= this.#last
    }
    this.#seen = bytes
  }

  bytesPerMs(): number {
    if (this.#first === undefined || this.#last === undefined || this.#first === this.#last) return 0
    return (this.#last.bytes - this.#first.bytes) / (this.#last.atMs - this.#first.atMs)
  }
}

function bytesCopied(metrics: string, link: string): number {
  const lines = metrics.split('\n').filter((line) => line.startsWith('isthmus_flow_bytes_copied_total{'))
  const own = lines.filter((line) => line.includes(`link="${link}"`))
  return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

function clusterOf({ name, bootstrap }: LocalRegion): Cluster {
  return openCluster({ name, bootstrap, context: { clock: systemClock, random: systemRandom } })
}

function add(one: ReturnType<typeof compareLogs>, other: ReturnType<typeof compareLogs>) {
  return {
    compared: one.compared + other.compared,
    lost: one.lost + other.lost,
    repeated: one.repeated + other.repeated,
    reordered: one.reordered + other.reordered,
    different: one.different + other.different,
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
