import { startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import {
  acknowledge,
  codesOf,
  compareUntilEqual,
  isStoppedBy,
  judgeNames,
  listIncidents,
  placeOf,
  type Span,
  spansOf,
  Stage,
  sumOf,
  untilFlows,
  untilNamed,
} from '../support/loss-stage.ts'
import type { RecordLog } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Another producer writes into copies: while records flow, while nothing does, and while the process is stopped. Each time
 * it is named with its id and the exact offsets; the copy stops there, or is made again by itself where the policy says so.
 */
const CODE = 'FLOW_DIVERGED'
const topicsOf = (policy: string) => ['idle', 'running', 'stopped'].map((when) => `${policy}.${when}`)
const STOP = topicsOf('stop')
const RESEED = topicsOf('reseed')
const ALL = [...STOP, ...RESEED]
const FOREIGN = 40
const REST = `links:
  - { name: stopping, source: source, target: target, topics: { include: ["stop.*"] } }
  - { name: reseeding, source: source, target: target, topics: { include: ["reseed.*"] }, policies: { foreignWriter: reseed, targetRebuilt: stop } }`

export const trial: Trial = {
  name: 'foreign-writer',
  describe: 'what somebody else writes into a copy is named with its writer and its offsets, whenever it is written',
  fields: ['lost', 'named', 'foreign', 'repeated', 'reordered', 'different', 'unattributed', 'fault', 'compared'],
  populations: ['named', 'foreign', 'compared'],

  async run(_arguments, { signal, log }) {
    using folder = new TrialFolder()
    await using from = await startRegion({ name: 'source', signal })
    await using to = await startRegion({ name: 'target', signal })
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    await source.create(ALL, 1)
    await source.write(ALL, 1_200)
    const start = () => IsthmusProcess.start({ regions: [from, to], rest: REST })
    let isthmus = await start()
    try {
      for (const link of ['stopping', 'reseeding']) await untilCopied(isthmus, { link, flowCount: STOP.length }, signal)

      await target.write(['stop.idle', 'reseed.idle'], FOREIGN)
      await untilNamed(isthmus, CODE, { places: ['stop.idle/0', 'reseed.idle/0'] }, signal)
      log('named on idle flows')

      const running = ['stop.running', 'reseed.running']
      const writing = new AbortController()
      const writeOn = async () => {
        while (!writing.signal.aborted) await source.write(running, 100)
      }
      const written = writeOn()
      written.catch(() => undefined)
      await untilFlows(
        isthmus,
        'reseeding',
        ({ topic, recordsCopied }) => topic !== 'reseed.running' || recordsCopied > 400,
        signal,
      )
      await target.write(running, FOREIGN)
      await untilNamed(isthmus, CODE, { places: running.map((topic) => `${topic}/0`) }, signal)
      writing.abort()
      await written
      log('named on flows with something on the way')

      await isthmus.terminate()
      await target.write(['stop.stopped', 'reseed.stopped'], FOREIGN)
      isthmus = await start()
      await untilNamed(isthmus, CODE, { places: ALL.map((topic) => `${topic}/0`) }, signal)
      await untilFlows(isthmus, 'stopping', isStoppedBy(CODE), signal)
      log('named after a stop')

      const sourceLog = await source.read(ALL)
      const foreign = findForeign(sourceLog, await target.read(STOP))
      const incidents = await listIncidents(isthmus)
      const stopped = incidents.filter(({ topic }) => STOP.includes(topic))
      const names = judgeNames(foreign, spansOf(stopped, 'target'))
      const unnamed = incidents.filter(({ reason }) => !/written by producer \d+ epoch \d+/.test(reason)).length
      await acknowledge(isthmus, stopped, 'reseed')
      const compared = await compareUntilEqual(
        () => Promise.resolve(sourceLog),
        () => target.read(ALL),
      )
      const fault = codesOf(await listIncidents(isthmus))
      const unattributed = names.unattributed + unnamed
      const summary = {
        ...compared,
        named: names.named,
        foreign: names.destroyed,
        unattributed,
        fault,
        incidents: incidents.length,
      }
      const isOnce = new Set(incidents.map(placeOf)).size === incidents.length
      return { ok: sumOf(compared) + unattributed === 0 && isOnce && fault === CODE, rows: [summary], summary }
    } finally {
      await isthmus[Symbol.asyncDispose]()
    }
  },
}

/** From the first record that the source never had to the last, by `topic/partition`. */
function findForeign(source: RecordLog, target: RecordLog): Map<string, Span[]> {
  const found = new Map<string, Span[]>()
  for (const [place, records] of target) {
    const ours = new Set(source.get(place)?.map(({ timestamp, digest }) => `${timestamp} ${digest}`))
    const foreign = records.filter(({ timestamp, digest }) => !ours.has(`${timestamp} ${digest}`))
    const [first, last] = [foreign[0], foreign.at(-1)]
    if (first !== undefined && last !== undefined) found.set(place, [{ from: first.offset, to: last.offset + 1 }])
  }
  return found
}
