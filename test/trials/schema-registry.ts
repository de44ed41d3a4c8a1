import { setTimeout as sleep } from 'node:timers/promises'
import type { TranslateBody } from '../../src/api/contract/index.ts'
import { type Random, randomBelow, seededRandom, systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, createKafkaJs, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { ApicurioRegistry } from '../support/apicurio-registry.ts'
import { isSamePlace, judgeCompacted, type Origin } from '../support/compaction-judge.ts'
import { type ContentLog, countHoles } from '../support/content-log.ts'
import { FAST_COMPACTION, untilCopied, untilCopying } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import type { RecordLog } from '../support/record-log.ts'
import { type RegistryComparison, compareRegistries, readRegistry } from '../support/schemas-reader.ts'
import { SchemasWriter } from '../support/schemas-writer.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A schema registry's topic through a link: `_schemas`, as Confluent's registry writes it, with both sides compacting
 * and the replicator killed in between. What a registry would make of either side is compared at the end, and at moments
 * in between: the target then against everything that was written up to where its copy was.
 *
 * In the full form, where Maven has it, a real registry writes its own topic at the source, and after the move another
 * one on the target has to serve every id that the first one gave.
 */
const SCHEMAS = '_schemas'
const JOURNAL = 'kafkasql-journal'
const LINK = 'source-to-target'
const REST = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: [${SCHEMAS}, ${JOURNAL}] } }`
const COMPACTION = Object.fromEntries(`${FAST_COMPACTION};segment.ms=1000`.split(';').map((pair) => pair.split('=')))
const POSITIONS = 40
/** Below the request limit of the API. */
const TRANSLATE_PAUSE_MS = 12
/** Registered with the real one. */
const REAL_SCHEMAS = 60

export const trial: Trial = {
  name: 'schema-registry',
  describe: 'a registry on the standby serves the same ids: deletes, tombstones, compaction on both sides, kills',
  options: {
    kills: { describe: 'how often the replicator is killed', default: '8' },
    registry: { describe: 'a real one beside: apicurio or none', default: 'apicurio' },
    seed: { describe: 'of the changes and the moments', default: '1' },
  },
  fields: [
    'compared',
    'schemas',
    'schemasDiffering',
    'idsDiffering',
    'restDiffering',
    'lost',
    'repeated',
    'reordered',
    'unattributed',
    'kills',
    'cuts',
    'cutsDiffering',
    'tombstones',
    'compactedAtSource',
    'compactedAtTarget',
    'positions',
    'positionsWrong',
    'registry',
    'registryIds',
    'registryIdsDiffering',
  ],
  populations: [
    'compared',
    'schemas',
    'kills',
    'cuts',
    'tombstones',
    'compactedAtSource',
    'compactedAtTarget',
    'positions',
  ],

  async run({ short, options }, context) {
    const { signal, log } = context
    const kills = short ? 2 : Number(options.kills)
    const random = seededRandom(Number(options.seed))
    using folder = new TrialFolder()
    const brokerConfig = { 'log.cleaner.backoff.ms': '300' }
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal, brokerConfig }),
      startRegion({ name: 'target', signal, brokerConfig }),
    ])
    await using _source = source
    await using _target = target
    await using cluster = openCluster(clientOf(source))
    await createSchemas(cluster, signal)
    const writer = await SchemasWriter.connect(createKafkaJs(clientOf(source)), SCHEMAS, random)
    const writing = new AbortController()
    const written = writer.run(AbortSignal.any([signal, writing.signal]))
    written.catch(() => undefined)
    const real = await startRealRegistry(short ? 'none' : options.registry, source, context)
    await using _real = real

    const flowCount = real.isThere ? 2 : 1
    const start = () => IsthmusProcess.start({ regions: [source, target], rest: REST })
    const readings: ContentLog[] = []
    let copiedTo = 0
    for (let kill = 1; kill <= kills; kill++) {
      await using isthmus = await start()
      copiedTo = await untilCopying(isthmus, { link: LINK, flowCount, beyond: copiedTo }, signal)
      await sleep(randomBelow(random, 1_500), undefined, { signal })
      readings.push(await folder.readContents('cut', readingOf(target), signal))
      await isthmus.kill()
      log(`${kill} of ${kills}: killed; the target holds ${countRecords(readings.at(-1))} records`)
    }
    await using isthmus = await start()
    await untilCopying(isthmus, { link: LINK, flowCount, beyond: copiedTo }, signal)
    writing.abort()
    await written
    await untilCopied(isthmus, { link: LINK, flowCount }, signal)
    log(`${writer.written.length} changes written and copied; reading both sides`)
    const before = await folder.readContents('source', readingOf(source), signal)
    const after = await folder.readContents('target', readingOf(target), signal)
    const places = await judgePositions(isthmus, { before, origins: originsOf(writer, after).origins, random })
    const end = await isthmus.terminate()
    if (end.code !== 0) throw new Error(`a graceful stop ended with ${end.code}: ${isthmus.log.slice(-3).join('\n')}`)
    const served = await real.compareOn(target)

    const registries = compareRegistries(readRegistry(before), readRegistry(after))
    const cuts = readings.filter((reading) => countRecords(reading) > 0)
    const { origins: _origins, unproduced, ...judged } = originsOf(writer, after)
    const summary = {
      ...judged,
      ...registries,
      lost: registries.schemasDiffering,
      unattributed: unproduced + readRegistry(after).unknown.length,
      kills,
      cuts: cuts.length,
      cutsDiffering: cuts.filter((reading) => differs(compareCut(writer, reading))).length,
      tombstones: writer.written.filter(({ value }) => value === null).length,
      compactedAtSource: countHoles(before),
      compactedAtTarget: countHoles(after),
      ...places,
      ...served,
    }
    const damage = summary.lost + summary.repeated + summary.reordered + summary.unattributed
    const isOk = damage === 0 && !differs(registries) && summary.cutsDiffering === 0 && summary.positionsWrong === 0
    return { ok: isOk && served.registryIdsDiffering === 0, rows: [{ ...registries }], summary }
  },
}

function clientOf(region: LocalRegion) {
  return { name: region.name, bootstrap: region.bootstrap, context: { clock: systemClock, random: systemRandom } }
}

function readingOf({ bootstrap }: LocalRegion) {
  return { bootstrap, topics: [SCHEMAS], isolation: 'read_committed' as const }
}

async function createSchemas(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const topic = { topic: SCHEMAS, partitions: 1, replicationFactor: -1, configs: COMPACTION }
  const [outcome] = await cluster.createTopics([topic], signal)
  if (outcome?.errorCode !== 0) throw new Error(`${SCHEMAS} was not created: ${JSON.stringify(outcome)}`)
  const partitions = [{ topic: SCHEMAS, partition: 0, timestamp: -1 }]
  await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
}

function countRecords(log: ContentLog = new Map()): number {
  return [...log.values()].reduce((sum, records) => sum + records.length, 0)
}

/** Every record of the copy, by what the writer knows. */
function originsOf({ written }: SchemasWriter, copy: ContentLog) {
  const named = (records: ContentLog): RecordLog =>
    new Map(
      [...records].map(([partition, some]) => [
        partition,
        some.map((one) => ({ ...one, digest: `${one.key} ${one.value}` })),
      ]),
    )
  return judgeCompacted(named(new Map([[`${SCHEMAS}/0`, written]])), named(copy))
}

/**
 * The state at a moment of the copy and what the source had written up to there. Of keys that were written again since
 * the source may have dropped what was written before: those are left aside on both sides.
 */
function compareCut(writer: SchemasWriter, reading: ContentLog): RegistryComparison {
  const [origins = []] = originsOf(writer, reading).origins.values()
  const last = origins.at(-1)?.source ?? -1
  const later = new Set(writer.written.filter(({ offset }) => offset > last).map(({ key }) => key))
  const only = (records: ContentLog): ContentLog =>
    new Map([...records].map(([partition, some]) => [partition, some.filter(({ key }) => !later.has(key))]))
  const wanted = new Map([[`${SCHEMAS}/0`, writer.written.filter(({ offset }) => offset <= last)]])
  return compareRegistries(readRegistry(only(wanted)), readRegistry(only(reading)))
}

function differs({ schemasDiffering, idsDiffering, restDiffering }: RegistryComparison): boolean {
  return schemasDiffering + idsDiffering + restDiffering > 0
}

async function judgePositions(
  isthmus: IsthmusProcess,
  { before, origins, random }: { before: ContentLog; origins: ReadonlyMap<string, readonly Origin[]>; random: Random },
): Promise<{ positions: number; positionsWrong: number }> {
  const name = `${SCHEMAS}/0`
  const end = (before.get(name)?.at(-1)?.offset ?? 0) + 1
  let positionsWrong = 0
  for (let at = 0; at < POSITIONS; at++) {
    const source = randomBelow(random, end + 1)
    const query = new URLSearchParams({ link: LINK, topic: SCHEMAS, partition: '0', offset: `${source}` })
    const { offset } = JSON.parse(await isthmus.get(`/api/v1/offsets/translate?${query.toString()}`)) as TranslateBody
    const isRight = offset !== undefined && isSamePlace(origins.get(name) ?? [], { source, target: offset.to })
    if (!isRight) positionsWrong++
    await sleep(TRANSLATE_PAUSE_MS)
  }
  return { positions: POSITIONS, positionsWrong }
}

interface RealRegistry extends AsyncDisposable {
  readonly isThere: boolean
  /** Starts another one there, after the move, and asks it for every id that the first one gave. */
  compareOn(target: LocalRegion): Promise<{ registry: string; registryIds: number; registryIdsDiffering: number }>
}

async function startRealRegistry(
  wanted: string | undefined,
  source: LocalRegion,
  { signal, log }: TrialContext,
): Promise<RealRegistry> {
  const found = wanted === 'apicurio' ? await ApicurioRegistry.find(signal) : { missing: 'not asked for' }
  if ('missing' in found) {
    log(`no real registry: ${found.missing}`)
    const none = { registry: `left out: ${found.missing}`, registryIds: 0, registryIdsDiffering: 0 }
    return { isThere: false, compareOn: async () => none, [Symbol.asyncDispose]: async () => undefined }
  }
  const first = await ApicurioRegistry.start(found.folder, source.bootstrap, signal)
  const ids = new Map<number, string>()
  for (let at = 0; at < REAL_SCHEMAS; at++) {
    const schema = { type: 'record', name: `Real${at}`, fields: [{ name: `field${at}`, type: 'string' }] }
    const id = await first.register(`real-${at % 10}-${at}`, schema)
    ids.set(id, (await first.schemaOf(id)) ?? '')
  }
  log(`a real registry at the source has given ${ids.size} ids`)
  return {
    isThere: true,
    async compareOn(target) {
      await using second = await ApicurioRegistry.start(found.folder, target.bootstrap, signal)
      let differing = 0
      for (const [id, schema] of ids) if ((await second.schemaOf(id)) !== schema) differing++
      return { registry: 'apicurio', registryIds: ids.size, registryIdsDiffering: differing }
    },
    [Symbol.asyncDispose]: () => first[Symbol.asyncDispose](),
  }
}
