import { setTimeout as sleep } from 'node:timers/promises'
import { localPorts, startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { DelayProxy } from '../support/delay-proxy.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { type Comparison, compareLogs, countRecords, loadProduced } from '../support/record-log.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * The replicator is killed at random moments while producers write, with a target 30 ms away so that requests are in
 * flight; then two run at once, a frozen one wakes beside its successor, and one takes over after the broker has
 * forgotten its transactional ids. At the end the target holds the source's sequence, for uncommitted readers too.
 */
const TOPICS = ['sensors.plain', 'sensors.tx']
const PARTITIONS = 8
const LINK = 'source-to-target'
// Each takes over everything at its start: how several share the work is the trial `workers`.
const REST = `links:
  - { name: ${LINK}, source: source, target: target, topics: { include: ["sensors.*"] } }
replication: { shareWork: false }`
const DELAY_MS = 15
const FENCED_EXIT = 5

export const trial: Trial = {
  name: 'kill-replicator',
  describe: 'kill -9, twins, zombies and forgotten transactional ids lose, repeat and reorder nothing',
  options: {
    kills: { describe: 'how often it is killed', default: '20' },
    rate: { describe: 'records a second', default: '8000' },
  },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'kills',
    'inFlightAtKill',
    'fencedExits',
    'markersWritten',
    'recordsPerSecond',
  ],
  populations: ['compared', 'kills', 'inFlightAtKill', 'fencedExits', 'markersWritten'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const kills = short ? 2 : Number(options.kills)
    const expiryMs = short ? 5_000 : 15_000
    // Longer than the stall after which a replicator doubts that it still owns its shards.
    const frozenMs = short ? 2_000 : 12_000
    const rate = short ? 3_000 : Number(options.rate)
    using folder = new TrialFolder()
    const [proxyPort = 0] = await localPorts.take(1)
    const brokerConfig = {
      'transactional.id.expiration.ms': String(expiryMs),
      'transaction.remove.expired.transaction.cleanup.interval.ms': '1000',
    }
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal, brokerConfig, advertisedPorts: [proxyPort] }),
    ])
    await using _source = source
    await using _target = target
    const targetPort = Number(target.bootstrap[0]?.split(':')[1])
    await using proxy = await DelayProxy.start({ listenPort: proxyPort, targetPort, delayMs: DELAY_MS })

    const writing = new AbortController()
    const stopWriting = AbortSignal.any([signal, writing.signal])
    const common = { bootstrap: source.bootstrap.join(','), partitions: PARTITIONS, seconds: 900, burst: 50 }
    const startedMs = performance.now()
    const produced = Promise.all([
      folder.produce('plain', { ...common, topics: 'sensors.plain', rate: Math.round(rate * 0.75) }, stopWriting),
      folder.produce(
        'tx',
        { ...common, topics: 'sensors.tx', rate: Math.round(rate * 0.25), 'transactional-id': 'kill' },
        stopWriting,
      ),
    ])
    produced.catch(() => undefined)
    const start = () => IsthmusProcess.start({ regions: [source, target], rest: REST })
    const outcome = await disturb({ kills, expiryMs, frozenMs, proxy, start, context })
    const wroteSeconds = (performance.now() - startedMs) / 1_000
    writing.abort()
    const files = await produced
    log('producers stopped; waiting for the last records')
    await using last = outcome.running
    await untilCopied(last, { link: LINK, flowCount: PARTITIONS * TOPICS.length }, signal)
    const end = await last.terminate()
    if (end.code !== 0) throw new Error(`a graceful stop ended with ${end.code}: ${last.log.slice(-3).join('\n')}`)

    const read = (name: string, bootstrap: readonly string[], isolation: 'read_committed' | 'read_uncommitted') =>
      folder.read(name, { bootstrap, topics: TOPICS, isolation }, signal)
    const before = await read('source', source.bootstrap, 'read_committed')
    const uncommitted = compareLogs(before, await read('uncommitted', target.bootstrap, 'read_uncommitted'))
    const committed = compareLogs(before, await read('committed', target.bootstrap, 'read_committed'))
    const acknowledged = countRecords(await loadProduced(files))
    const recordsPerSecond = Math.round(countRecords(before) / wroteSeconds)
    const { running: _running, ...counted } = outcome
    // The same source record is compared for both kinds of readers: it counts once.
    const summary = {
      ...sum(uncommitted, committed),
      compared: uncommitted.compared,
      ...counted,
      recordsPerSecond,
      acknowledged,
    }
    const damage = summary.lost + summary.repeated + summary.reordered + summary.different
    const ok =
      damage === 0 &&
      counted.inFlightAtKill * 2 >= kills &&
      counted.fencedExits === 2 &&
      uncommitted.compared === countRecords(before) &&
      countRecords(before) >= acknowledged
    const rows = [
      { readers: 'read_uncommitted', ...uncommitted },
      { readers: 'read_committed', ...committed },
    ]
    return { ok, rows, summary }
  },
}

interface Disturbance {
  readonly kills: number
  readonly expiryMs: number
  readonly frozenMs: number
  readonly proxy: DelayProxy
  readonly start: () => Promise<IsthmusProcess>
  readonly context: TrialContext
}

async function disturb({ kills, expiryMs, frozenMs, proxy, start, context }: Disturbance) {
  const { signal, log } = context
  let inFlightAtKill = 0
  let fencedExits = 0
  for (let kill = 1; kill <= kills; kill++) {
    await using isthmus = await start()
    // Most are killed while they copy, with something on its way; one in four at any moment of its start.
    const isStarting = kill % 4 === 0
    if (!isStarting) await untilMoving(isthmus, proxy, signal)
    await sleep(Math.random() * 1_500)
    if (!isStarting) await untilInFlight(proxy, signal)
    const inFlight = proxy.outstandingProduces
    await isthmus.kill()
    if (inFlight > 0) inFlightAtKill++
    log(`kill ${kill} of ${kills}: ${inFlight} produce requests were in flight`)
  }

  await using first = await start()
  await untilMoving(first, proxy, signal)
  await using second = await start()
  if (await exitsFenced(first, signal)) fencedExits++
  log(`two at once: the older one ended with ${(await first.exited).code}`)
  await untilMoving(second, proxy, signal)

  second.freeze()
  await using third = await start()
  await untilMoving(third, proxy, signal)
  await sleep(frozenMs, undefined, { signal })
  second.wake()
  if (await exitsFenced(second, signal)) fencedExits++
  log(`a frozen one woken beside its successor ended with ${(await second.exited).code}`)

  await sleep(expiryMs + 2_500, undefined, { signal })
  await third.kill()
  const running = await start()
  const looksOwned = () => Promise.resolve(countLines(running, 'markers-written') > 0 || undefined)
  await eventually('a takeover after the id was forgotten', looksOwned, { limitMs: 60_000, signal })
  await untilMoving(running, proxy, signal)
  const markersWritten = countLines(running, 'markers-written')
  log(`${markersWritten} shards taken over after the broker had forgotten their transactional id`)
  return { kills, inFlightAtKill, fencedExits, markersWritten, running }
}

/** Flows run and produce requests are on their way. */
async function untilMoving(isthmus: IsthmusProcess, proxy: DelayProxy, signal: AbortSignal): Promise<void> {
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
    const link = (await isthmus.status())?.links[0]
    return link !== undefined && link.flows.running > 0 && link.recordsCopied > 0 && proxy.outstandingProduces > 0
      ? true
      : undefined
  }
  await eventually('flows run', look, { limitMs: 60_000, everyMs: 50, signal })
}

async function untilInFlight(proxy: DelayProxy, signal: AbortSignal): Promise<void> {
  const look = () => Promise.resolve(proxy.outstandingProduces > 0 || undefined)
  await eventually('something is in flight', look, { limitMs: 10_000, everyMs: 1, signal })
}

async function exitsFenced(isthmus: IsthmusProcess, signal: AbortSignal): Promise<boolean> {
  const look = () => Promise.resolve(isthmus.isRunning ? undefined : true)
  await eventually('a fenced replicator ends', look, { limitMs: 60_000, signal })
  return (await isthmus.exited).code === FENCED_EXIT
}

function countLines(isthmus: IsthmusProcess, text: string): number {
  return isthmus.log.filter((line) => line.includes(text)).length
}

function sum(one: Comparison, other: Comparison): Comparison {
  const names = Object.keys(one) as (keyof Comparison)[]
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as unknown as Comparison
}
