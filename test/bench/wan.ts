import { systemClock, systemRandom } from '../../src/core/index.ts'
import { openCluster } from '../../src/kafka/index.ts'
import type { LocalRegion } from '../../src/local/index.ts'
import { MEGABYTE, pipeOf, RECORD_BYTES, startFarStage, writeSmallBatches } from '../support/far-region.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import { javaProgram, toolsClasspath } from '../support/java/classpath.ts'
import { type Copier, measureCopy } from '../support/measure-copy.ts'
import { MirrorMaker, renderMirrorConfig, TUNINGS } from '../support/mirrormaker.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * One partition over 100 ms there and back, in both directions: Isthmus and its peer in turns, each as a part of what a
 * plain TCP stream reaches through the same pipe. The peer's fastest tuning counts.
 */
const PEER = 'mirrormaker2'
const COPY_LIMIT_MS = 240_000

export const trial: Trial = {
  name: 'wan',
  describe: 'throughput of one partition over a long way, divided by a plain TCP stream and by MirrorMaker 2',
  options: {
    megabytes: { describe: 'to copy in each direction', default: '120' },
    'pipe-megabytes': { describe: 'a second that the pipe lets through', default: '25' },
  },
  fields: ['farSource', 'farTarget', 'farSourceToPeer', 'farTargetToPeer'],
  populations: ['farSource', 'farTarget', 'farSourceToPeer', 'farTargetToPeer'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const records = short ? 30_000 : Number(options.megabytes) * 1_000
    const tunings = short ? TUNINGS.slice(0, 1) : TUNINGS
    const [java, classpath] = await Promise.all([javaProgram(), toolsClasspath(signal)])
    using folder = new TrialFolder()
    await using stage = await startFarStage(pipeOf(short ? 10 : Number(options['pipe-megabytes'])), signal)
    const { near, far, plain } = stage
    log(`a plain TCP stream through the pipe: ${(plain / MEGABYTE).toFixed(1)} MB/s`)
    const ways: Way[] = [
      { name: 'farSource', source: far, target: near, topic: 'wan.in', records },
      { name: 'farTarget', source: near, target: far, topic: 'wan.out', records },
    ]
    const rows: Row[] = []
    for (const way of ways) {
      await stage.nearby(() => writeSmallBatches(folder, { ...way, count: records }, signal))
      const note = (tool: string, tuning: string, recordsPerSecond: number) => {
        const bytesPerSecond = recordsPerSecond * RECORD_BYTES
        const part = Number((bytesPerSecond / plain).toPrecision(3))
        rows.push({ way: way.name, tool, tuning, 'MB/s': Number((bytesPerSecond / MEGABYTE).toFixed(1)), part })
        log(`${way.name}: ${tool}, ${tuning}: ${part} of a plain stream`)
      }
      note('isthmus', 'as it comes', await runIsthmus(way, context))
      for (const [index, tuning] of tunings.entries()) {
        const alias = `peer${index + 1}`
        const { source, target, topic } = way
        const ends = { source: source.bootstrap, target: target.bootstrap }
        const config = renderMirrorConfig({ alias, ...ends, topic, compression: 'none', tuning })
        await using mirror = new MirrorMaker({ java, classpath, config })
        note(PEER, tuning.name, await measure(mirror, way, `${alias}.${topic}`, context))
      }
    }
    const best = (way: string, tool: string) =>
      Math.max(...rows.filter((row) => row.way === way && row.tool === tool).map(({ part }) => part))
    const toPeer = (way: string) => Number((best(way, 'isthmus') / best(way, PEER)).toPrecision(3))
    const parts = { farSource: best('farSource', 'isthmus'), farTarget: best('farTarget', 'isthmus') }
    const peers = { farSourceToPeer: toPeer('farSource'), farTargetToPeer: toPeer('farTarget') }
    return { ok: true, rows, summary: { ...parts, ...peers } }
  },
}

type Row = {
  readonly way: string
  readonly tool: string
  readonly tuning: string
  readonly 'MB/s': number
  /** Of the plain stream. */
  readonly part: number
}

interface Way {
  readonly name: string
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly topic: string
  readonly records: number
}

async function runIsthmus(way: Way, context: TrialContext): Promise<number> {
  const { source, target, topic } = way
  const link = `  - { name: wan, source: ${source.name}, target: ${target.name}, topics: { include: [${topic}] }`
  const rest = `links:\n${link}, rename: "isthmus.{topic}" }`
  await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest, logLevel: 'warn' })
  return await measure(isthmus, way, `isthmus.${topic}`, context)
}

async function measure(copier: Copier, way: Way, topic: string, { signal }: TrialContext): Promise<number> {
  const { name, bootstrap } = way.target
  await using cluster = openCluster({ name, bootstrap, context: { clock: systemClock, random: systemRandom } })
  const copy = { cluster, topic, partitions: 1, records: way.records, limitMs: COPY_LIMIT_MS }
  return (await measureCopy(copier, copy, signal)).recordsPerSecond
}
