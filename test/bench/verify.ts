import { writeFileSync } from 'node:fs'
import type { VerificationBody } from '../../src/api/contract/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { lastOffset, openCluster, readBatch } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { RawReader } from '../../src/replication/flows/raw-reader.ts'
import { untilCopied } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import { cli } from '../support/run-cli.ts'
import type { Trial, TrialResult } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * How fast a copy is compared with its source: as blocks, where the target holds the same ones, and decoded, where a
 * second link has compressed them anew. Beside it, in the same run, how fast the same records were copied, and how fast
 * one side of them is read and nothing done with it. A verification reads both sides.
 */
const TOPIC = 'bench.verified'
const PARTITIONS = 4
const LINKS = { blocks: 'blocks', decoded: 'decoded' }
const MEGA = 1e6

export const trial: Trial = {
  name: 'verify',
  describe: 'rate of comparing both sides, as blocks and decoded, divided by that of copying and of reading one side',
  options: { records: { describe: 'records of 1,024 bytes', default: '800000' } },
  fields: ['blocks', 'decoded', 'megabytes'],
  populations: ['megabytes'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 40_000 : Number(options.records)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal }),
    ])
    await using _source = source
    await using _target = target
    // Batches that are large enough to pass as they are.
    const properties = folder.file('producer.properties')
    writeFileSync(properties, 'batch.size=262144\nlinger.ms=50\n')
    const load = {
      partitions: PARTITIONS,
      count: records,
      burst: 4_000,
      size: 1_024,
      values: 'random',
      codecs: 'lz4',
      properties,
    }
    await folder.produce('load', { bootstrap: source.bootstrap.join(','), topics: TOPIC, ...load }, signal)

    const rows: TrialResult['rows'][number][] = []
    const summary: Record<string, Record<string, number>> = {}
    let megabytes = 0
    let isEqual = true
    for (const kind of ['blocks', 'decoded'] as const) {
      const startedMs = performance.now()
      await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest: restOf(kind) })
      await untilCopied(isthmus, { link: LINKS[kind], flowCount: PARTITIONS }, signal)
      // What `untilCopied` waits for at its end, to be sure.
      const copySeconds = (performance.now() - startedMs) / 1_000 - 1.5
      const { out } = await cli(
        ['verify', '--link', LINKS[kind], '--max-mb-per-second', '100000', '--output', 'json', '--api', isthmus.apiUrl],
        {},
      )
      const report = JSON.parse(out) as VerificationBody
      isEqual &&= report.verdict === 'equal'
      const sum = (read: (one: VerificationBody['partitions'][number]) => number) =>
        report.partitions.reduce((all, one) => all + read(one), 0)
      const seconds = ((report.endedAtMs ?? 0) - report.startedAtMs) / 1_000
      const bytes = sum((one) => one.blockBytes + one.decodedBytes)
      const asMeant = kind === 'blocks' ? sum((one) => one.blockBytes) : sum((one) => one.decodedBytes)
      isEqual &&= asMeant > bytes * 0.9
      megabytes = bytes / MEGA
      const readMegabytesPerSecond = await readRate(source, signal)
      const rates = {
        megabytesPerSecond: bytes / MEGA / seconds,
        recordsPerSecond: sum((one) => one.records) / seconds,
        toCopy: copySeconds / seconds,
        toRead: bytes / MEGA / seconds / readMegabytesPerSecond,
      }
      summary[kind] = Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, Number(value.toFixed(3))]))
      rows.push({ kind, ...summary[kind] })
      log(
        `${kind}: ${Math.round(rates.megabytesPerSecond)} MB/s of the source, ${Math.round(rates.recordsPerSecond)} records/s`,
      )
    }
    return { ok: isEqual, rows, summary: { ...summary, megabytes: Math.round(megabytes) } }
  },
}

function restOf(kind: keyof typeof LINKS): string {
  const more = kind === 'decoded' ? ', rename: "again.{topic}", transform: { recompress: zstd }' : ''
  return `links:\n  - { name: ${LINKS[kind]}, source: source, target: target, topics: { include: ["${TOPIC}"] }${more} }`
}

/** One side, as fast as one connection gives it. */
async function readRate(region: LocalRegion, signal: AbortSignal): Promise<number> {
  const context = { clock: systemClock, random: systemRandom }
  const cluster = openCluster({ name: region.name, bootstrap: region.bootstrap, context })
  const reader = new RawReader(cluster, context)
  const topic = (await cluster.metadata([TOPIC], signal)).topics[0]
  const startedMs = performance.now()
  let bytes = 0
  for (const { partition } of topic?.partitions ?? []) {
    const ref = { topic: TOPIC, topicId: topic?.topicId ?? '', partition }
    for (let at = 0; ; ) {
      const { records } = await reader.read(ref, { offset: at, maxBytes: 512 * 1024 }, signal)
      const from = at
      for (let position = 0; ; ) {
        const header = readBatch(records, position)
        if (header === undefined) break
        position += header.sizeBytes
        bytes += header.sizeBytes
        at = lastOffset(header) + 1
      }
      if (at === from) break
    }
  }
  const seconds = (performance.now() - startedMs) / 1_000
  await reader[Symbol.asyncDispose]()
  await cluster.close()
  return bytes / MEGA / seconds
}
