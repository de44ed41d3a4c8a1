import { readFileSync, writeFileSync } from 'node:fs'
import type { FlowBody } from '../../src/api/contract/index.ts'
import { systemClock as clock, systemRandom as random } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { startRegion } from '../../src/local/index.ts'
import { runIsthmus } from '../support/command.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { javaProgram, toolsClasspath } from '../support/java/classpath.ts'
import {
  acknowledge,
  type Bootstrapped,
  compareUntilEqual,
  isStoppedBy,
  listIncidents,
  Stage,
  sumOf,
  untilFlows,
} from '../support/loss-stage.ts'
import { commitGroups } from '../support/many-groups.ts'
import { MirrorMaker } from '../support/mirrormaker.ts'
import { judgePositions, type PositionVerdict } from '../support/position-judge.ts'
import { compareLogs, countRecords, type RecordLog } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A real MirrorMaker 2 copies with its default policy and keeps positions in step, both as it does. It is stopped, its
 * file is imported, and Isthmus goes on with what the import wrote. Judged by Kafka's own consumer: what matched was not
 * copied again, positions lead to the very next record, and of a copy that does not match nothing is believed: its
 * positions stay as they are until it was copied again.
 */
const CODE = 'FLOW_MATCH_REFUSED'
const DAMAGED = 'damaged'
const TOPICS = ['orders', 'payments', DAMAGED]
const GROUPS = ['readers-0', 'readers-1', 'readers-2', 'readers-3']
const PARTITIONS = 2
const PREFIX = 'a.'
const COPIES = TOPICS.map((topic) => PREFIX + topic)
const LINK = 'a-to-b'
const MIRRORED_MS = 180_000
const SYNCED_MS = 60_000
/** MirrorMaker 2 is given so long for positions; it may not find one at all. */
const LEFT_MS = 15_000

export const trial: Trial = {
  name: 'import-mm2',
  describe: 'Isthmus goes on with what MirrorMaker 2 has copied, by its own file, and copies nothing twice',
  fields: [
    'copiedAgain',
    'lost',
    'repeated',
    'reordered',
    'different',
    'wrong',
    'missing',
    'estimated',
    'refused',
    'reseeded',
    'inexactBefore',
  ],
  populations: ['adopted', 'compared', 'positions', 'differing', 'refused', 'reseeded'],
  options: { records: { describe: 'records written before the import', default: '60000' } },

  async run({ short, options }, { signal, log }) {
    using folder = new TrialFolder()
    const [java, classpath] = await Promise.all([javaProgram(), toolsClasspath(signal)])
    const [from, to] = await Promise.all([startRegion({ name: 'a', signal }), startRegion({ name: 'b', signal })])
    await using _from = from
    await using _to = to
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    const records = short ? 1_200 : Number(options['records'])
    await source.create(TOPICS, PARTITIONS)
    await source.write(TOPICS, records)
    await writeTransactions(from, short ? 12 : 200)
    const before = await source.read(TOPICS)
    await commitPositions(source, before, signal)

    const config = renderConfig(from, to)
    {
      await using mirror = new MirrorMaker({ java, classpath, config })
      await untilMirrored({ target, to, mirror }, before, signal)
    }
    // As a crash of it would have left it: some records there once more.
    await target.write([`${PREFIX}${DAMAGED}`], 20)
    const mirrored = withoutPrefix(await target.read(COPIES))
    const left = await readPositions(to, PREFIX)
    const inexactBefore = judge({ before: await readPositions(from, ''), after: left }, before, mirrored).wrong
    const matching = placesThatMatch(before, mirrored)
    log(`MirrorMaker 2 left ${left.size} positions, ${inexactBefore} of them inexact`)
    log(`MirrorMaker 2 is gone: ${countRecords(mirrored)} records, ${matching.size} of ${before.size} copies match`)
    await source.write(TOPICS, records / 4)
    const wanted = await source.read(TOPICS)

    const imported = await importFile(folder, config)
    await using isthmus = await IsthmusProcess.startWith(imported.config)
    const isSettled = (flow: FlowBody) =>
      matching.has(placeOf(flow)) ? flow.state === 'running' && flow.lagRecords === 0 : isStoppedBy(CODE)(flow)
    const flows = await untilFlows(isthmus, LINK, isSettled, signal).catch(async (error: unknown) => {
      for (const flow of await isthmus.flows(LINK)) log(JSON.stringify(flow))
      throw error
    })
    const adopted = flows.filter((flow) => matching.has(placeOf(flow)))
    const copied = adopted.reduce((sum, flow) => sum + flow.recordsCopied, 0)
    const isNew = countIn(wanted, matching) - countIn(before, matching)
    log(`${adopted.length} copies adopted; ${copied} records copied to them, ${isNew} are new`)
    const now = await readPositions(to, PREFIX)
    const estimated = [...now].filter(([place, offset]) => !matching.has(partOf(place)) && left.get(place) !== offset)

    const refused = (await listIncidents(isthmus)).filter(({ code }) => code === CODE)
    await acknowledge(isthmus, refused, 'reseed')
    const readCopies = async () => withoutPrefix(await target.read(COPIES))
    const compared = await compareUntilEqual(() => Promise.resolve(wanted), readCopies)
    const verdict = await untilInStep({ from, to }, wanted, await readCopies())
    for (const finding of verdict.findings) log(finding)
    await isthmus.terminate()
    const reseeded = [...wanted].filter(([place]) => !matching.has(place))
    const summary = {
      ...compared,
      copiedAgain: copied - isNew,
      adopted: adopted.length,
      positions: verdict.checked,
      differing: verdict.differing,
      wrong: verdict.wrong,
      missing: verdict.missing,
      inexactBefore,
      estimated: estimated.length,
      refused: refused.length,
      reseeded: countRecords(new Map(reseeded)),
      decisions: imported.decisions,
    }
    const wrong = sumOf(compared) + verdict.wrong + verdict.missing + estimated.length
    return { ok: wrong === 0 && copied === isNew, rows: [summary], summary }
  },
}

function renderConfig(from: Bootstrapped, to: Bootstrapped): string {
  const lines = {
    clusters: 'a, b',
    'a.bootstrap.servers': from.bootstrap.join(','),
    'b.bootstrap.servers': to.bootstrap.join(','),
    'a->b.enabled': 'true',
    'a->b.topics': `orders, pay.*, ${DAMAGED}`,
    'a->b.groups': 'readers-\\\\d+',
    'a->b.sync.group.offsets.enabled': 'true',
    'a->b.sync.group.offsets.interval.seconds': '1',
    'a->b.emit.checkpoints.interval.seconds': '1',
    'b->a.enabled': 'false',
    'emit.heartbeats.enabled': 'false',
    'sync.topic.acls.enabled': 'false',
    'replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'checkpoints.topic.replication.factor': '1',
    'heartbeats.topic.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'config.storage.replication.factor': '1',
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

/** With the command, as an operator does. */
async function importFile(folder: TrialFolder, config: string) {
  const [file, made] = [folder.file('connect-mirror-maker.properties'), folder.file('isthmus.yaml')]
  writeFileSync(file, config)
  const { code, stdout, stderr } = await runIsthmus(['import', 'mm2', file, '-o', made, '--output', 'json'])
  if (code !== 0) throw new Error(`the import ended with ${code}: ${stderr}`)
  const { differences } = JSON.parse(stdout) as { readonly differences: readonly { readonly kind: string }[] }
  return { config: readFileSync(made, 'utf8'), decisions: differences.filter(({ kind }) => kind === 'decide').length }
}

/** Their markers are not copied by MirrorMaker 2: offsets differ from there on. */
async function writeTransactions({ name, bootstrap }: Bootstrapped, count: number): Promise<void> {
  const client = createKafkaJs({ name, bootstrap, context: { clock, random } })
  const producer = client.producer({ idempotent: true, transactionalId: 'trial', maxInFlightRequests: 1 })
  await producer.connect()
  for (let at = 0; at < count; at++) {
    const transaction = await producer.transaction()
    const messages = Array.from({ length: 3 }, (_, index) => ({
      partition: index % PARTITIONS,
      value: `tx ${at} ${index}`,
    }))
    await transaction.sendBatch({ topicMessages: TOPICS.map((topic) => ({ topic, messages })) })
    await transaction.commit()
  }
  await producer.disconnect()
}

/** At a different record of each partition for each group, the beginning and the end among them. */
async function commitPositions({ cluster }: Stage, log: RecordLog, signal: AbortSignal): Promise<void> {
  for (const [index, group] of GROUPS.entries()) {
    const positions = [...log].map(([place, records]) => {
      const [topic = '', partition = '0'] = place.split('/')
      const at = Math.floor((records.length * index) / (GROUPS.length - 1))
      const offset = records[at]?.offset ?? (records.at(-1)?.offset ?? -1) + 1
      return { topic, partition: Number(partition), offset, leaderEpoch: -1, metadata: null }
    })
    await commitGroups(cluster, [group], positions, signal)
  }
}

interface Mirroring {
  readonly target: Stage
  readonly to: Bootstrapped
  readonly mirror: MirrorMaker
}

/** Every partition holds as many records as its source, and positions are there if it can translate any. */
async function untilMirrored({ target, to, mirror }: Mirroring, before: RecordLog, signal: AbortSignal): Promise<void> {
  const areCopied = async () => {
    if (!mirror.isRunning) throw new Error(`MirrorMaker 2 ended: ${mirror.log.join('\n')}`)
    const ends = await target.offsets(COPIES, -1).catch(() => new Map<string, number>())
    return [...before].every(([place, { length }]) => (ends.get(PREFIX + place) ?? -1) >= length) || undefined
  }
  await eventually('MirrorMaker 2 copies everything', areCopied, { limitMs: MIRRORED_MS, everyMs: 500, signal })
  const endsAtMs = performance.now() + LEFT_MS
  const areLeft = async () => (await readPositions(to, PREFIX)).size > 0 || performance.now() > endsAtMs || undefined
  await eventually('MirrorMaker 2 leaves positions', areLeft, { limitMs: 2 * LEFT_MS, everyMs: 1_000, signal })
}

interface Positions {
  readonly before: ReadonlyMap<string, number>
  readonly after: ReadonlyMap<string, number>
}

function judge({ before, after }: Positions, source: RecordLog, target: RecordLog): PositionVerdict {
  const pairs = [...before].map(([place, offset]) => {
    return { partition: partOf(place), source: offset, target: after.get(place) }
  })
  return judgePositions({ source, target }, pairs)
}

/** Until every position is right, or the time is up; the last verdict either way. */
async function untilInStep(
  { from, to }: { readonly from: Bootstrapped; readonly to: Bootstrapped },
  source: RecordLog,
  target: RecordLog,
): Promise<PositionVerdict> {
  const endsAtMs = performance.now() + SYNCED_MS
  for (;;) {
    const positions = { before: await readPositions(from, ''), after: await readPositions(to, PREFIX) }
    const verdict = judge(positions, source, target)
    if (verdict.wrong + verdict.missing === 0 || performance.now() > endsAtMs) return verdict
  }
}

/** By `group topic/partition`, with the names of the source. */
async function readPositions({ name, bootstrap }: Bootstrapped, prefix: string): Promise<Map<string, number>> {
  const admin = createKafkaJs({ name, bootstrap, context: { clock, random } }).admin()
  await admin.connect()
  const positions = new Map<string, number>()
  for (const groupId of GROUPS) {
    const listed = await admin.fetchOffsets({ groupId, topics: TOPICS.map((topic) => prefix + topic) })
    for (const { topic, partitions } of listed) {
      for (const { partition, offset } of partitions) {
        if (Number(offset) < 0) continue
        positions.set(`${groupId} ${topic.slice(prefix.length)}/${partition}`, Number(offset))
      }
    }
  }
  await admin.disconnect()
  return positions
}

/** Copies that hold the source's records and nothing else. MirrorMaker 2 may have repeated some by itself. */
function placesThatMatch(source: RecordLog, target: RecordLog): ReadonlySet<string> {
  const places = [...source].filter(([place, records]) => {
    const found = compareLogs(new Map([[place, records]]), new Map([[place, target.get(place) ?? []]]))
    return sumOf(found) === 0
  })
  return new Set(places.map(([place]) => place))
}

function placeOf({ topic, partition }: FlowBody): string {
  return `${topic}/${partition}`
}

/** Of `group topic/partition`. */
function partOf(place: string): string {
  return place.slice(place.indexOf(' ') + 1)
}

function withoutPrefix(log: RecordLog): RecordLog {
  return new Map([...log].map(([place, records]) => [place.slice(PREFIX.length), records]))
}

function countIn(log: RecordLog, places: ReadonlySet<string>): number {
  return countRecords(new Map([...log].filter(([place]) => places.has(place))))
}
