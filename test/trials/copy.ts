import { startRegion } from '../../src/local/index.ts'
import { sumMetric } from '../support/attribution.ts'
import { FAST_COMPACTION, untilCompacted, untilCopied } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import { compareLogs, countRecords, loadProduced, type RecordLog } from '../support/record-log.ts'
import { VERSION_OPTIONS, versionsOf } from '../support/region-versions.ts'
import { countCodecs } from '../support/target-batches.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Every kind of record through one link, compared on both sides record by record by Kafka's own consumer, and with
 * what the producers were told was acknowledged and committed.
 *
 * The compacted topic is compacted before the link starts, so that its holes are there to be repacked; the target does
 * not compact during the trial, else the two sides would keep different old values and could not be compared.
 */
const TOPICS = {
  plain: 'sensors.plain',
  transactional: 'sensors.tx',
  compacted: 'sensors.compacted',
  old: 'sensors.old',
}
const LINK = 'source-to-target'

export const trial: Trial = {
  name: 'copy',
  describe: 'topics of every kind arrive record for record: all codecs, transactions, compaction, old timestamps',
  options: { records: { describe: 'records in all topics together', default: '1250000' }, ...VERSION_OPTIONS },
  fields: [
    'compared',
    'acknowledged',
    'lost',
    'repeated',
    'reordered',
    'different',
    'passed',
    'repacked',
    'aborted',
    'holes',
    'none',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
  ],
  populations: ['compared', 'passed', 'repacked', 'aborted', 'holes', 'none', 'gzip', 'snappy', 'lz4', 'zstd'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 60_000 : Number(options.records)
    const versions = versionsOf(options)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', ...versions.source, signal, brokerConfig: { 'log.cleaner.backoff.ms': '500' } }),
      startRegion({ name: 'target', ...versions.target, signal, brokerConfig: { 'log.cleaner.enable': 'false' } }),
    ])
    await using _source = source
    await using _target = target

    const bootstrap = source.bootstrap.join(',')
    const codecs = 'none,gzip,snappy,lz4,zstd'
    const common = { bootstrap, partitions: 8, codecs, headers: 2 }
    const share = (part: number) => Math.round(records * part)
    // In two goes: a segment is cut, and may be compacted, only when something is written after its time.
    const fewKeys = { ...common, topics: TOPICS.compacted, keys: Math.max(200, share(0.002)), tombstones: 0.05 }
    const compacted = [
      await folder.produce(
        'compacted',
        { ...fewKeys, count: share(0.1), config: `${FAST_COMPACTION};segment.ms=500` },
        signal,
      ),
      await folder.produce('compacted-2', { ...fewKeys, count: share(0.05), seed: 2 }, signal),
    ]
    log(`${share(0.15)} records with few keys written; waiting for the source to compact them`)
    await untilCompacted(folder, { bootstrap: source.bootstrap, topic: TOPICS.compacted }, signal)

    const rest = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: ["sensors.*"] } }`
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest })
    log('replicator started; writing while it copies')
    const plain = await folder.produce('plain', { ...common, topics: TOPICS.plain, count: share(0.5) }, signal)
    const old = await folder.produce(
      'old',
      { ...common, topics: TOPICS.old, count: share(0.1), 'old-days': 900, config: 'retention.ms=-1' },
      signal,
    )
    const transactional = await folder.produce(
      'tx',
      {
        ...common,
        topics: TOPICS.transactional,
        count: share(0.25),
        burst: 100,
        'transactional-id': 'copy',
        'abort-ratio': 0.2,
      },
      signal,
    )
    const flows = await untilCopied(isthmus, { link: LINK, flowCount: 32 }, signal)
    log('everything is copied; reading both sides')

    const topics = Object.values(TOPICS)
    const read = (name: string, region: { bootstrap: readonly string[] }) =>
      folder.read(name, { bootstrap: region.bootstrap, topics, isolation: 'read_committed' }, signal)
    const before = await read('source', source)
    const after = await read('target', target)
    const codecCounts = await countCodecs(target.bootstrap, topics, signal)

    const produced = await loadProduced([plain, old, transactional, ...compacted])
    const unproduced = countUnproduced(before, produced)
    const compared = compareLogs(before, after)
    const acknowledged = countRecords(produced) - countRecords(only(produced, TOPICS.compacted))
    const comparedPlain = countRecords(before) - countRecords(only(before, TOPICS.compacted))
    const metrics = await isthmus.get('/metrics')
    const sum = (name: string) => sumMetric(metrics, name)
    const summary = {
      ...compared,
      acknowledged: acknowledged + countRecords(only(before, TOPICS.compacted)),
      unproduced,
      passed: sum('isthmus_flow_batches_passed_total'),
      repacked: sum('isthmus_flow_batches_repacked_total'),
      aborted: sum('isthmus_flow_records_aborted_total'),
      holes: sum('isthmus_flow_holes_total'),
      ...codecCounts,
    }
    const damage = compared.lost + compared.repeated + compared.reordered + compared.different
    const ok =
      damage === 0 && unproduced === 0 && acknowledged === comparedPlain && compared.compared === countRecords(before)
    const rows = topics.map((topic) => ({ topic, ...compareLogs(only(before, topic), only(after, topic)) }))
    log(
      `${flows.length} flows, ${flows.filter(({ offsetsIdentical }) => offsetsIdentical).length} with identical offsets`,
    )
    return { ok, rows, summary }
  },
}

function only(log: RecordLog, topic: string): RecordLog {
  return new Map([...log].filter(([partition]) => partition.startsWith(`${topic}/`)))
}

/** Records that readers see and no producer was told to be committed. */
function countUnproduced(seen: RecordLog, produced: RecordLog): number {
  let count = 0
  for (const [partition, records] of seen) {
    const known = new Set((produced.get(partition) ?? []).map(({ offset, digest }) => `${offset} ${digest}`))
    count += records.filter(({ offset, digest }) => !known.has(`${offset} ${digest}`)).length
  }
  return count
}
