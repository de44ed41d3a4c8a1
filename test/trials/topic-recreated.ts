import { startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import {
  acknowledge,
  addTo,
  codesOf,
  compareUntilEqual,
  isStoppedBy,
  listIncidents,
  noComparison,
  spansOf,
  Stage,
  sumOf,
  untilFlows,
  untilNamed,
} from '../support/loss-stage.ts'
import { countRecords } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Source topics are deleted and made again under their names: shorter than the copy, and grown past its end, while the
 * process runs and while it is stopped. Under `stop` the old copy stays whole until a reseed is asked for; under
 * `reseed` the copy becomes that of the new topic by itself. No record of either generation gets into the other's copy.
 */
const CODE = 'FLOW_SOURCE_RECREATED'
const topicsOf = (policy: string) => ['shorter', 'grown'].map((how) => `${policy}.${how}`)
const STOP = topicsOf('stop')
const RESEED = topicsOf('reseed')
const ALL = [...STOP, ...RESEED]
const PARTITIONS = 2
const COPIED = 400
const REST = `links:
  - { name: stopping, source: source, target: target, topics: { include: ["stop.*"] } }
  - { name: reseeding, source: source, target: target, topics: { include: ["reseed.*"] }, policies: { sourceRecreated: reseed, targetRebuilt: stop } }`

export const trial: Trial = {
  name: 'topic-recreated',
  describe:
    'a source topic that was made anew is told by its id, however long it is, and never mixed with the old copy',
  fields: ['lost', 'named', 'repeated', 'reordered', 'different', 'unattributed', 'fault', 'compared', 'recreated'],
  populations: ['compared', 'recreated'],

  async run(_arguments, { signal, log }) {
    using folder = new TrialFolder()
    await using from = await startRegion({ name: 'source', signal })
    await using to = await startRegion({ name: 'target', signal })
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    await source.create(ALL, PARTITIONS)
    await source.write(ALL, ALL.length * COPIED)
    const start = () => IsthmusProcess.start({ regions: [from, to], rest: REST })
    const flowCount = STOP.length * PARTITIONS
    let isthmus = await start()
    const total = noComparison()
    let recreated = 0
    try {
      for (const isRunning of [true, false]) {
        for (const link of ['stopping', 'reseeding']) await untilCopied(isthmus, { link, flowCount }, signal)
        const before = await target.read(STOP)
        if (!isRunning) await isthmus.terminate()
        await source.recreate(ALL, PARTITIONS)
        recreated += ALL.length
        await source.write(['stop.shorter', 'reseed.shorter'], COPIED / 2)
        await source.write(['stop.grown', 'reseed.grown'], COPIED * 4)
        if (!isRunning) isthmus = await start()

        const places = ALL.flatMap((topic) => [0, 1].map((partition) => `${topic}/${partition}`))
        await untilNamed(isthmus, CODE, { places }, signal)
        await untilFlows(isthmus, 'stopping', isStoppedBy(CODE), signal)
        addTo(
          total,
          await compareUntilEqual(
            () => Promise.resolve(before),
            () => target.read(STOP),
            0,
          ),
        )
        log(
          `${ALL.length} topics made anew while ${isRunning ? 'running' : 'stopped'}: told, and the old copies are whole`,
        )
        const open = (await listIncidents(isthmus)).filter(({ acknowledged }) => acknowledged === null)
        await acknowledge(
          isthmus,
          open.filter(({ topic }) => STOP.includes(topic)),
          'reseed',
        )
        await acknowledge(
          isthmus,
          open.filter(({ topic }) => RESEED.includes(topic)),
        )
        addTo(
          total,
          await compareUntilEqual(
            () => source.read(ALL),
            () => target.read(ALL),
          ),
        )
      }
      const incidents = await listIncidents(isthmus)
      // Everything had been copied: nothing was destroyed, and nothing may be named.
      const named = [...spansOf(incidents, 'source').values()].flat().reduce((sum, { from, to }) => sum + to - from, 0)
      const held = countRecords(await target.read(ALL))
      const fault = codesOf(incidents)
      const summary = { ...total, named, unattributed: named, fault, recreated, held }
      return { ok: sumOf(total) + named === 0 && fault === CODE, rows: [summary], summary }
    } finally {
      await isthmus[Symbol.asyncDispose]()
    }
  },
}
