import { type Random, randomBelow, seededRandom, systemClock, systemRandom } from '../../src/core/index.ts'
import { type GroupPosition, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { committedPairs } from '../support/committed-pairs.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { judgePositions } from '../support/position-judge.ts'
import { offsetAt, PLACES } from '../support/position-places.ts'
import { compareLogs, countRecords, type RecordLog } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Two regions of different Kafka versions, a link each way in one process: records, holes, positions and a takeover of
 * every kind of fence, on brokers of either version. The source topic of the older region has configs that the newer
 * one refuses.
 */
const PARTITIONS = 2
const LIMIT_MS = 45_000
const OLD_CONFIGS = 'segment.bytes=65536;message.downconversion.enable=false'

const DAMAGE = ['lost', 'repeated', 'reordered', 'different', 'wrong', 'missing'] as const
const FIELDS = ['compared', 'checked', 'differing', ...DAMAGE] as const

interface Way {
  readonly link: string
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly topic: string
  readonly configs: string
}

export const trial: Trial = {
  name: 'versions',
  describe: 'records and positions go both ways between two versions of Kafka, through a kill and a hand-over',
  options: {
    older: { describe: 'Kafka of one region', default: '3.9' },
    newer: { describe: 'Kafka of the other', default: '4.3' },
    records: { describe: 'records each way', default: '200000' },
  },
  fields: FIELDS,
  populations: ['compared', 'checked', 'differing'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 8_000 : Number(options['records'])
    using folder = new TrialFolder()
    const [older, newer] = await Promise.all([
      startRegion({ name: 'older', kafkaVersion: options['older'] ?? '', signal, onProgress: log }),
      startRegion({ name: 'newer', kafkaVersion: options['newer'] ?? '', signal, onProgress: log }),
    ])
    await using _older = older
    await using _newer = newer
    const ways: readonly Way[] = [
      { link: 'up', source: older, target: newer, topic: 'up.orders', configs: OLD_CONFIGS },
      { link: 'down', source: newer, target: older, topic: 'down.orders', configs: '' },
    ]
    const write = (part: number) => Promise.all(ways.map((way) => produce(folder, way, { records, part }, signal)))
    const links = ways.map(({ link, source, target }) => {
      const groups = 'consumerGroups: { include: ["*"] }'
      return `  - { name: ${link}, source: ${source.name}, target: ${target.name}, topics: { include: ["${link}.*"] }, ${groups} }`
    })
    const start = () => IsthmusProcess.start({ regions: [older, newer], rest: ['links:', ...links].join('\n') })
    const untilAllCopied = (isthmus: IsthmusProcess) =>
      Promise.all(ways.map(({ link }) => untilCopied(isthmus, { link, flowCount: PARTITIONS }, signal)))

    await write(1)
    log('the first half is written')
    {
      await using doomed = await start()
      await untilAllCopied(doomed)
      await doomed.kill()
    }
    log('the first half is copied; the replicator is killed, its successor hands over to a third')
    {
      await using successor = await start()
      await Promise.all([write(2), untilAllCopied(successor)])
      await successor.terminate()
    }
    await using isthmus = await start()
    await untilAllCopied(isthmus)

    const random = seededRandom(1)
    log('everything is copied; reading both sides, and waiting for positions')
    const judged = await Promise.all(ways.map((way) => judgeWay(folder, { way, isthmus, random }, signal)))
    for (const finding of judged.flatMap(({ findings }) => findings)) log(finding)
    const rows = judged.map(({ findings: _findings, ...row }) => row)
    const total = (name: keyof (typeof rows)[number]) => rows.reduce((sum, row) => sum + Number(row[name]), 0)
    const summary = Object.fromEntries(FIELDS.map((name) => [name, total(name)]))
    const isRight = DAMAGE.every((name) => total(name) === 0)
    const hasTried = rows.every(({ compared, differing }) => compared > 0 && differing > 0)
    return { ok: isRight && hasTried, rows, summary }
  },
}

function produce(
  folder: TrialFolder,
  { link, source, topic, configs }: Way,
  { records, part }: { records: number; part: number },
  signal: AbortSignal,
): Promise<string> {
  const common = { bootstrap: source.bootstrap.join(','), topics: topic, partitions: PARTITIONS, config: configs }
  const transactions = { 'transactional-id': `${link}-${part}`, burst: 50, 'abort-ratio': 0.2 }
  const content = { count: records / 2, seed: part, codecs: 'none,gzip,snappy,lz4,zstd' }
  return folder.produce(`${link}-${part}`, { ...common, ...transactions, ...content }, signal)
}

/** Compares both sides, commits positions at every kind of place, and judges what the target then has of them. */
async function judgeWay(
  folder: TrialFolder,
  { way, isthmus, random }: { way: Way; isthmus: IsthmusProcess; random: Random },
  signal: AbortSignal,
) {
  const { link, source, target, topic } = way
  const reading = { topics: [topic], isolation: 'read_committed' as const }
  const read = (region: LocalRegion) =>
    folder.read(`${link}-${region.name}`, { ...reading, bootstrap: region.bootstrap }, signal)
  const [before, after] = await Promise.all([read(source), read(target)])
  if (countRecords(before) === 0) throw new Error(`${link}: nothing was written`)

  const committed = new Map(PLACES.map((_, group) => [`${link}-${group}`, placedPositions(before, group, random)]))
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: source.name, bootstrap: source.bootstrap, context })
  for (const [group, positions] of committed) await cluster.commitGroupOffsets(group, positions, signal)
  const count = [...committed.values()].reduce((sum, positions) => sum + positions.length, 0)
  const synced = async () => {
    if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
    const pairs = await committedPairs(target.bootstrap, committed)
    return pairs.every((pair) => pair.target !== undefined) ? pairs : undefined
  }
  const pairs = await eventually(`${count} positions arrive`, synced, { limitMs: LIMIT_MS, everyMs: 500, signal })
  return { link, ...compareLogs(before, after), ...judgePositions({ source: before, target: after }, pairs) }
}

function placedPositions(log: RecordLog, group: number, random: Random): GroupPosition[] {
  return [...log].map(([name, records], index) => {
    const [topic = '', partition = ''] = name.split('/')
    const end = (records.at(-1)?.offset ?? 0) + 1
    const place = PLACES[(group + index + randomBelow(random, 2)) % PLACES.length] ?? 'anywhere'
    const offset = offsetAt(place, { records, start: records[0]?.offset ?? 0, end }, random)
    return { topic, partition: Number(partition), offset, leaderEpoch: -1, metadata: null }
  })
}
