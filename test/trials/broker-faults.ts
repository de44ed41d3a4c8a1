import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import type { FaultRule } from '../support/faults/fault-script.ts'
import { ProxiedRegion } from '../support/faults/proxied-region.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { countMapHoles } from '../support/map-holes.ts'
import { compareLogs, countRecords, loadProduced } from '../support/record-log.ts'
import { VERSION_OPTIONS, versionsOf } from '../support/region-versions.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A target of three brokers under load, behind proxies that lose answers after the append, cut requests in their
 * middle, and deliver some long after their connection is gone; meanwhile its brokers are restarted one by one, killed
 * and frozen, and leaders move back to where they were. At the end uncommitted readers of the target see the source's
 * committed records, once and in order.
 */
const TOPICS = ['sensors.plain', 'sensors.tx']
const PARTITIONS = 3
const LINK = 'source-to-target'
const REST = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: ["sensors.*"] } }`
const BROKERS = 3
const LIMIT_MS = 120_000
/** Longer than the session of a broker: the others take its leaderships, and it wakes up as a leader of the past. */
const FROZEN_MS = 8_000

const TARGET_CONFIG = {
  'broker.session.timeout.ms': '4000',
  'leader.imbalance.check.interval.seconds': '3',
  'leader.imbalance.per.broker.percentage': '0',
}

/** What happens to requests of the replicator, whatever the brokers do meanwhile. */
const RULES: readonly Omit<FaultRule, 'clientId'>[] = [
  { name: 'initLost', api: 'InitProducerId', action: { kind: 'lose-answer' } },
  { name: 'endLost', api: 'EndTxn', action: { kind: 'lose-answer' }, times: 2 },
  { name: 'offsetsClosed', api: 'ListOffsets', action: { kind: 'close' }, after: 5, every: 10, times: 20 },
  { name: 'late', api: 'Produce', action: { kind: 'late', ms: 1_500 }, after: 40, every: 350, times: 60 },
  { name: 'cuts', api: 'Produce', action: { kind: 'cut', part: 0.6 }, after: 30, every: 300, times: 60 },
  { name: 'answersLost', api: 'Produce', action: { kind: 'lose-answer' }, after: 20, every: 150, times: 200 },
  { name: 'delays', api: 'Produce', action: { kind: 'delay', ms: 400 }, after: 10, every: 120, times: 300 },
]

export const trial: Trial = {
  name: 'broker-faults',
  describe: 'restarts, kill -9, leader moves, lost answers, cuts and late requests lose, repeat and reorder nothing',
  options: {
    rounds: { describe: 'how often each broker is restarted, one is killed and one is frozen', default: '3' },
    rate: { describe: 'records a second', default: '4000' },
    ...VERSION_OPTIONS,
  },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'faults',
    'answersLost',
    'late',
    'cuts',
    'delays',
    'restarts',
    'kills',
    'leaderMoves',
    'recoveries',
    'fault',
  ],
  populations: ['compared', 'faults', 'answersLost', 'late', 'cuts', 'kills', 'restarts', 'leaderMoves', 'recoveries'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const rate = short ? 800 : Number(options['rate'])
    const versions = versionsOf(options)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', ...versions.source, signal, onProgress: log }),
      ProxiedRegion.start({
        name: 'target',
        ...versions.target,
        brokers: BROKERS,
        brokerConfig: TARGET_CONFIG,
        onProgress: log,
        signal,
      }),
    ])
    await using _source = source
    await using _target = target
    for (const rule of RULES) target.script.add({ ...rule, clientId: 'isthmus' })

    const writing = new AbortController()
    const produced = write(folder, source, rate, AbortSignal.any([signal, writing.signal]))
    produced.catch(() => undefined)
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest: REST })
    const disturbance = { source, target, isthmus, context }
    const counts = short ? await disturbShortly(disturbance) : await disturb(disturbance, Number(options['rounds']))
    writing.abort()
    const files = await produced
    log('producers stopped; waiting for the last records')
    target.script.stop()
    await untilCopied(isthmus, { link: LINK, flowCount: PARTITIONS * TOPICS.length }, signal)
    const recoveries = isthmus.log.filter((line) => line.includes(' recovers: ')).length
    const faultCodes = (await isthmus.flows(LINK)).flatMap(({ fault }) => (fault ? [fault.code] : []))

    const read = (region: { readonly name: string; readonly bootstrap: readonly string[] }) => {
      const isolation = region.name === 'source' ? ('read_committed' as const) : ('read_uncommitted' as const)
      return folder.read(region.name, { bootstrap: region.bootstrap, topics: TOPICS, isolation }, signal)
    }
    const [before, after] = await Promise.all([read(source), read(target)])
    const compared = compareLogs(before, after)
    const holes = await countMapHoles(target.bootstrap, signal)
    const acknowledged = countRecords(await loadProduced(files))
    const leaderMoves = await withCluster(target, (cluster) => countLeaderMoves(cluster, signal))
    const scripted = target.script.counts
    const kinds = { ...counts, ...scripted }
    const rows = Object.entries(kinds).map(([kind, times]) => ({ kind, times }))
    const summary = {
      ...compared,
      acknowledged,
      holes: holes.offsets,
      unattributed: holes.unattributed,
      ...kinds,
      faults: Object.values(kinds).reduce((sum, times) => sum + times, 0),
      leaderMoves,
      recoveries,
      fault: faultCodes.join(' ') || 'none',
    }
    const { lost, repeated, reordered, different } = compared
    const damage = lost + repeated + reordered + different + holes.unattributed
    const isWhole = compared.compared === countRecords(before) && countRecords(before) >= acknowledged
    return { ok: damage === 0 && isWhole && faultCodes.length === 0, rows, summary }
  },
}

function write(folder: TrialFolder, source: LocalRegion, rate: number, signal: AbortSignal): Promise<string[]> {
  const common = { bootstrap: source.bootstrap.join(','), partitions: PARTITIONS, seconds: 900, burst: 25 }
  const plain = { ...common, topics: 'sensors.plain', rate: Math.round(rate * 0.75) }
  const transactional = { ...common, topics: 'sensors.tx', rate: Math.round(rate * 0.25) }
  return Promise.all([
    folder.produce('plain', plain, signal),
    folder.produce('tx', { ...transactional, 'transactional-id': 'faults' }, signal),
  ])
}

interface Disturbance {
  readonly source: LocalRegion
  readonly target: ProxiedRegion
  readonly isthmus: IsthmusProcess
  readonly context: TrialContext
}

interface Counts {
  restarts: number
  kills: number
  freezes: number
  sourceKills: number
}

async function disturbShortly(disturbance: Disturbance): Promise<Counts> {
  await untilMoving(disturbance)
  disturbance.context.log('copying')
  await restart(disturbance, { broker: 0, hard: false })
  await restart(disturbance, { broker: 1, hard: true })
  return { restarts: 1, kills: 1, freezes: 0, sourceKills: 0 }
}

async function disturb(disturbance: Disturbance, rounds: number): Promise<Counts> {
  const { source, target, context } = disturbance
  const { signal, log } = context
  const counts = { restarts: 0, kills: 0, freezes: 0, sourceKills: 0 }
  await untilMoving(disturbance)
  log('copying')
  for (let round = 0; round < rounds; round++) {
    for (let broker = 0; broker < BROKERS; broker++) {
      await restart(disturbance, { broker, hard: false })
      counts.restarts++
    }
    await restart(disturbance, { broker: round % BROKERS, hard: true })
    counts.kills++

    const frozen = (round + 1) % BROKERS
    log(`broker ${frozen} of the target is frozen for ${FROZEN_MS} ms`)
    await target.region.pauseBroker(frozen)
    await sleep(FROZEN_MS, undefined, { signal })
    await target.region.resumeBroker(frozen)
    counts.freezes++
    await untilWhole(disturbance)
    for (const proxy of target.proxies) proxy.cut()
    await untilMoving(disturbance)

    log('the broker of the source is killed')
    await source.stopBroker(0, { hard: true })
    await source.startBroker(0, signal)
    counts.sourceKills++
    await untilMoving(disturbance)
  }
  return counts
}

/** One broker of the target goes away, the copy goes on without it, and it comes back. */
async function restart(disturbance: Disturbance, { broker, hard }: { broker: number; hard: boolean }): Promise<void> {
  const { target, context } = disturbance
  context.log(`broker ${broker} of the target is ${hard ? 'killed' : 'restarted'}`)
  await target.region.stopBroker(broker, { hard })
  await untilMoving(disturbance)
  await target.region.startBroker(broker, context.signal)
  await untilWhole(disturbance)
}

/** Until more is copied than at first sight. */
async function untilMoving({ isthmus, context }: Disturbance): Promise<void> {
  let first: number | undefined
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
    const copied = (await isthmus.status())?.links[0]?.recordsCopied
    first ??= copied
    return copied !== undefined && first !== undefined && copied > first ? true : undefined
  }
  await eventually('copying goes on', look, { limitMs: LIMIT_MS, everyMs: 250, signal: context.signal })
}

/** Until every replica of the copies is in sync: the next fault must not take the last one. */
async function untilWhole({ target, context }: Disturbance): Promise<void> {
  const { signal } = context
  await withCluster(target, async (cluster) => {
    const look = async () => {
      const { topics } = await cluster.metadata(TOPICS, signal)
      const partitions = topics.flatMap((topic) => topic.partitions)
      return partitions.length > 0 && partitions.every(({ isr }) => isr.length === BROKERS) ? true : undefined
    }
    await eventually('every replica is in sync', look, { limitMs: LIMIT_MS, signal })
  })
}

async function withCluster<Answer>(target: ProxiedRegion, ask: (cluster: Cluster) => Promise<Answer>): Promise<Answer> {
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: 'judge', clientId: 'judge', bootstrap: target.bootstrap, context })
  return await ask(cluster)
}

async function countLeaderMoves(cluster: Cluster, signal: AbortSignal): Promise<number> {
  const { topics } = await cluster.metadata(TOPICS, signal)
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, { leaderEpoch }) => sum + leaderEpoch, 0)
}
