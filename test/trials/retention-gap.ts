import { setTimeout as sleep } from 'node:timers/promises'
import { startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import {
  acknowledge,
  codesOf,
  compareUntilEqual,
  isStoppedBy,
  judgeNames,
  listIncidents,
  type Span,
  spansOf,
  Stage,
  sumOf,
  untilFlows,
  untilNamed,
} from '../support/loss-stage.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * DeleteRecords and retention overtake the copy while the process is stopped, and while it is frozen. Under `record` the
 * flows go on behind the gap by themselves, under `stop` after an acknowledgement; either way the named offsets are
 * exactly the destroyed ones, and everything else is there.
 */
const CODE = 'FLOW_RETENTION_GAP'
const RECORD = ['record.deleted', 'record.expired']
const STOP = ['stop.deleted']
const ALL = [...RECORD, ...STOP]
const PARTITIONS = 2
/** Longer than the process lets a source wait with its answer. */
const PARKED_MS = 3_000
const REST = `links:
  - { name: going-on, source: source, target: target, topics: { include: ["record.*"] } }
  - { name: stopping, source: source, target: target, topics: { include: ["stop.*"] }, policies: { retentionGap: stop } }
replication: { topicSyncSeconds: 1 }`

export const trial: Trial = {
  name: 'retention-gap',
  describe: 'what retention or DeleteRecords took before it was copied is named exactly, and stops what is to stop',
  options: { rounds: { describe: 'how often, half of them with a frozen process', default: '6' } },
  fields: ['lost', 'named', 'destroyed', 'repeated', 'reordered', 'different', 'unattributed', 'fault', 'compared'],
  populations: ['named', 'destroyed', 'compared'],

  async run({ short, options }, { signal, log }) {
    const rounds = short ? 2 : Number(options.rounds)
    using folder = new TrialFolder()
    const brokerConfig = { 'log.retention.check.interval.ms': '500', 'log.initial.task.delay.ms': '500' }
    await using from = await startRegion({ name: 'source', signal, brokerConfig })
    await using to = await startRegion({ name: 'target', signal })
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    await source.create(ALL, PARTITIONS)
    await source.write(ALL, 600)

    const start = () => IsthmusProcess.start({ regions: [from, to], rest: REST })
    let isthmus = await start()
    const destroyed = new Map<string, Span[]>()
    try {
      for (let round = 1; round <= rounds; round++) {
        await untilBothCopied(isthmus, signal)
        log(`round ${round}: everything is copied`)
        const isFrozen = round % 2 === 0
        if (isFrozen) {
          isthmus.freeze()
          // A fetch that the broker still holds would be answered with the next records: those would not be lost.
          await sleep(PARKED_MS, undefined, { signal })
        } else await isthmus.terminate()
        const lost = await overtake(source, signal)
        for (const [place, span] of lost) destroyed.set(place, [...(destroyed.get(place) ?? []), span])
        if (isFrozen) isthmus.wake()
        else isthmus = await start()
        log(`round ${round}: overtaken`)
        await untilNamed(isthmus, CODE, { places: [...lost.keys()] }, signal)
        await untilFlows(isthmus, 'stopping', isStoppedBy(CODE), signal)
        const open = (await listIncidents(isthmus)).filter(({ acknowledged }) => acknowledged === null)
        await acknowledge(isthmus, open)
        log(`round ${round}: ${open.length} gaps ${isFrozen ? 'while frozen' : 'while stopped'}`)
      }
      await untilBothCopied(isthmus, signal)
      await untilSameLength(source, target, signal)
      const compared = await compareUntilEqual(
        () => source.read(ALL),
        () => target.read(ALL),
      )
      const incidents = await listIncidents(isthmus)
      const names = judgeNames(destroyed, spansOf(incidents, 'source'))
      const fault = codesOf(incidents)
      const summary = { ...compared, ...names, fault }
      return { ok: sumOf(compared) + names.unattributed === 0 && fault === CODE, rows: [summary], summary }
    } finally {
      await isthmus[Symbol.asyncDispose]()
    }
  },
}

/** Writes, takes away before anything could be copied, and writes again; what was taken, by `topic/partition`. */
async function overtake(source: Stage, signal: AbortSignal): Promise<Map<string, Span>> {
  const copied = await source.offsets(ALL, -1)
  await source.write(ALL, 300)
  const ends = await source.offsets(ALL, -1)
  const bounds = [...ends]
    .filter(([place]) => !place.startsWith('record.expired'))
    .map(([place, end]) => {
      const [topic = '', partition] = place.split('/')
      return { topic, partition: Number(partition), offset: Math.ceil((end + (copied.get(place) ?? 0)) / 2) }
    })
  await source.cluster.deleteRecords(bounds, signal)
  await source.cluster.alterTopicConfigs('record.expired', { 'retention.ms': '1' }, signal)
  const look = async () => {
    const starts = await source.offsets(['record.expired'], -2)
    return [...starts].every(([place, start]) => start > (copied.get(place) ?? 0)) || undefined
  }
  await eventually('retention has acted', look, { limitMs: 60_000, everyMs: 100, signal })
  await source.cluster.alterTopicConfigs('record.expired', { 'retention.ms': '-1' }, signal)
  await source.write(ALL, 120)
  const starts = await source.offsets(ALL, -2)
  return new Map([...starts].map(([place, start]) => [place, { from: copied.get(place) ?? 0, to: start }]))
}

async function untilBothCopied(isthmus: IsthmusProcess, signal: AbortSignal): Promise<void> {
  await untilCopied(isthmus, { link: 'going-on', flowCount: RECORD.length * PARTITIONS }, signal)
  await untilCopied(isthmus, { link: 'stopping', flowCount: STOP.length * PARTITIONS }, signal)
}

/** The copy follows the source's log start a few seconds later. */
async function untilSameLength(source: Stage, target: Stage, signal: AbortSignal): Promise<void> {
  const lengths = async (stage: Stage) => {
    const starts = await stage.offsets(ALL, -2)
    return [...(await stage.offsets(ALL, -1))]
      .map(([place, end]) => `${place} ${end - (starts.get(place) ?? 0)}`)
      .sort()
  }
  const look = async () => {
    const [one, other] = await Promise.all([lengths(source), lengths(target)])
    return one.join() === other.join() || undefined
  }
  // What differs then shows in the comparison.
  await eventually('the log start is followed', look, { limitMs: 30_000, signal }).catch(() => undefined)
}
