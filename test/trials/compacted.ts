import { setTimeout as sleep } from 'node:timers/promises'
import type { TranslateBody } from '../../src/api/contract/index.ts'
import { type Random, randomBelow, seededRandom } from '../../src/core/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { isSamePlace, judgeCompacted, type Origin } from '../support/compaction-judge.ts'
import { compareLatest, type ContentLog, countHoles } from '../support/content-log.ts'
import { FAST_COMPACTION, untilCopied, untilCopying } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import { loadProduced } from '../support/record-log.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Both sides compact all the time while keys are written over and deleted and the replicator is killed and restarted.
 * Then neither side holds all records, nor the same ones: what has to be equal is the latest value of each key, and
 * what is left on the target has to be in the order in which it was written, each record once. Positions are judged by
 * that too: a position and its translation part the same records.
 *
 * A tombstone that the source drops before it was copied cannot be copied: it outlives every restart here.
 */
const TOPICS = ['state.plain', 'state.tx'] as const
const MAP_TOPIC = '__isthmus.offset-map'
const PARTITIONS = 2
const LINK = 'source-to-target'
const COPY = { link: LINK, flowCount: TOPICS.length * PARTITIONS }
const REST = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: ["state.*"] } }`
const COMPACTION = `${FAST_COMPACTION.replace('86400000', '20000')};segment.ms=1000`
const POSITIONS_A_PARTITION = 60
/** Below the request limit of the API. */
const TRANSLATE_PAUSE_MS = 12

export const trial: Trial = {
  name: 'compacted',
  describe: 'compaction on both sides, deletes and kills: the latest value of every key is the same, order is kept',
  options: {
    kills: { describe: 'how often the replicator is killed', default: '12' },
    rate: { describe: 'records a second', default: '6000' },
    keys: { describe: 'keys a topic', default: '4000' },
    seed: { describe: 'of the moments and the places that are tried', default: '1' },
  },
  fields: [
    'compared',
    'keys',
    'lost',
    'repeated',
    'reordered',
    'unattributed',
    'kills',
    'compactedAtSource',
    'compactedAtTarget',
    'positions',
    'positionsWrong',
    'mapBytesAThousandOffsets',
  ],
  populations: ['compared', 'keys', 'kills', 'compactedAtSource', 'compactedAtTarget', 'positions'],

  async run({ short, options }, { signal, log }) {
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

    const writing = new AbortController()
    const stopped = AbortSignal.any([signal, writing.signal])
    const rate = short ? 3_000 : Number(options.rate)
    const keys = short ? 500 : Number(options.keys)
    const common = {
      bootstrap: source.bootstrap.join(','),
      partitions: PARTITIONS,
      keys,
      tombstones: 0.1,
      seconds: 900,
    }
    const load = { ...common, size: 300, values: 'random', burst: 50, config: COMPACTION }
    const [plain, transactional] = TOPICS
    const produced = Promise.all([
      folder.produce('plain', { ...load, topics: plain, rate: rate / 2 }, stopped),
      folder.produce('tx', { ...load, topics: transactional, rate: rate / 2, 'transactional-id': 'state' }, stopped),
    ])
    produced.catch(() => undefined)
    const start = () => IsthmusProcess.start({ regions: [source, target], rest: REST })
    await disturb({ kills, start, random }, { signal, log })
    await using isthmus = await start()
    await untilCopying(isthmus, { ...COPY, beyond: 0 }, signal)
    log('started for good')
    await sleep(short ? 3_000 : 30_000, undefined, { signal })
    writing.abort()
    const files = await produced
    log('producers stopped; waiting for the last records')
    const flows = await untilCopied(isthmus, COPY, signal)
    log('everything is copied; reading both sides')

    const read = (name: string, region: LocalRegion) =>
      folder.readContents(name, { bootstrap: region.bootstrap, topics: TOPICS, isolation: 'read_committed' }, signal)
    const before = await read('source', source)
    const after = await read('target', target)
    const latest = compareLatest(before, after)
    const { origins, ...judged } = judgeCompacted(await loadProduced(files), after)
    const places = await judgePositions(isthmus, { before, origins, random })
    const map = await folder.readContents(
      'map',
      { bootstrap: target.bootstrap, topics: [MAP_TOPIC], isolation: 'read_uncommitted' },
      signal,
    )
    const offsets = flows.reduce((sum, { sourceNext }) => sum + (sourceNext ?? 0), 0)
    const summary = {
      ...judged,
      keys: latest.keys,
      lost: latest.missing + latest.stale + latest.resurrected,
      unattributed: judged.unproduced,
      kills,
      compactedAtSource: countHoles(before),
      compactedAtTarget: countHoles(after),
      ...places,
      mapBytesAThousandOffsets: Math.round((sizeOf(map) / offsets) * 1_000),
    }
    const damage = summary.lost + summary.repeated + summary.reordered + summary.unattributed + summary.positionsWrong
    return { ok: damage === 0, rows: [{ ...latest }], summary }
  },
}

interface Disturbance {
  readonly kills: number
  readonly start: () => Promise<IsthmusProcess>
  readonly random: Random
}

async function disturb({ kills, start, random }: Disturbance, { signal, log }: TrialContext): Promise<void> {
  let copiedTo = 0
  for (let kill = 1; kill <= kills; kill++) {
    await using isthmus = await start()
    copiedTo = await untilCopying(isthmus, { ...COPY, beyond: copiedTo }, signal)
    await sleep(randomBelow(random, 2_000), undefined, { signal })
    // Every third one is let go on its own: a hand-over, and no marker in the target's log.
    if (kill % 3 === 0) await isthmus.terminate()
    else await isthmus.kill()
    log(`${kill} of ${kills}: ${kill % 3 === 0 ? 'restarted' : 'killed'} behind source offset ${copiedTo}`)
  }
}

/** Source offsets anywhere, with and without records, translated while both sides go on compacting. */
async function judgePositions(
  isthmus: IsthmusProcess,
  { before, origins, random }: { before: ContentLog; origins: ReadonlyMap<string, readonly Origin[]>; random: Random },
): Promise<{ positions: number; positionsWrong: number }> {
  let positions = 0
  let positionsWrong = 0
  for (const [name, records] of before) {
    const [topic = '', partition = ''] = name.split('/')
    const end = (records.at(-1)?.offset ?? 0) + 1
    for (let at = 0; at < POSITIONS_A_PARTITION; at++) {
      const source = randomBelow(random, end + 1)
      const query = new URLSearchParams({ link: LINK, topic, partition, offset: `${source}` })
      const { offset } = JSON.parse(await isthmus.get(`/api/v1/offsets/translate?${query.toString()}`)) as TranslateBody
      positions++
      if (offset === undefined || !isSamePlace(origins.get(name) ?? [], { source, target: offset.to })) positionsWrong++
      await sleep(TRANSLATE_PAUSE_MS)
    }
  }
  return { positions, positionsWrong }
}

function sizeOf(log: ContentLog): number {
  return [...log.values()].flat().reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
}
