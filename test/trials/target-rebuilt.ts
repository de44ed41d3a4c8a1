import { localPorts, startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { DelayProxy } from '../support/delay-proxy.ts'
import { IsthmusProcess } from '../support/isthmus-process.ts'
import {
  acknowledge,
  addTo,
  codesOf,
  compareUntilEqual,
  isStoppedBy,
  judgeNames,
  listIncidents,
  noComparison,
  type Span,
  spansOf,
  Stage,
  sumOf,
  untilFlows,
  untilNamed,
} from '../support/loss-stage.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Copies are destroyed: topics of the target are deleted while the process runs and while it is stopped, and then the
 * whole target cluster is exchanged for an empty one at the same address. Everything is copied again, by itself or after
 * an acknowledgement, and what was destroyed is named.
 */
const CODE = 'FLOW_TARGET_REBUILT'
const topicsOf = (link: string) => ['running', 'stopped'].map((when) => `${link}.${when}`)
const AGAIN = topicsOf('again')
const HOLD = topicsOf('hold')
const ALL = [...AGAIN, ...HOLD]
const REST = `links:
  - { name: again, source: source, target: target, topics: { include: ["again.*"] } }
  - { name: hold, source: source, target: target, topics: { include: ["hold.*"] }, policies: { targetRebuilt: stop } }`

export const trial: Trial = {
  name: 'target-rebuilt',
  describe: 'a target topic or cluster that was made anew is told, and copied again from the beginning',
  fields: ['lost', 'named', 'destroyed', 'repeated', 'reordered', 'different', 'unattributed', 'fault', 'compared'],
  populations: ['named', 'destroyed', 'compared'],

  async run(_arguments, context) {
    const { signal, log } = context
    using folder = new TrialFolder()
    const [listenPort = 0] = await localPorts.take(1)
    await using from = await startRegion({ name: 'source', signal })
    const first = await startRegion({ name: 'target', signal, advertisedPorts: [listenPort] })
    await using _first = first
    const to = { name: 'target', bootstrap: [`127.0.0.1:${listenPort}`] }
    let proxy = await DelayProxy.start({ listenPort, targetPort: portOf(first), delayMs: 0 })
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    await source.create(ALL, 2)
    await source.write(ALL, 1_600)
    const start = () => IsthmusProcess.start({ regions: [from, to], rest: REST })
    let isthmus = await start()
    const rebuilt = new Rebuilt(source, target, context)
    try {
      await rebuilt.until(isthmus)
      const running = ['again.running', 'hold.running']
      await rebuilt.destroy(running, () => target.cluster.deleteTopics(running, signal))
      await rebuilt.judge(isthmus, running, [])
      log('topics deleted while running: told and copied again')

      const stopped = ['again.stopped', 'hold.stopped']
      await isthmus.terminate()
      const known = (await rebuilt.ends(stopped)).keys()
      await target.delete(stopped)
      isthmus = await start()
      await rebuilt.judge(isthmus, stopped, [...known])
      log('topics deleted while stopped: told and copied again')

      await rebuilt.destroy(ALL, () => first.stop())
      await proxy[Symbol.asyncDispose]()
      const second = await startRegion({ name: 'target', signal, advertisedPorts: [listenPort] })
      await using _second = second
      proxy = await DelayProxy.start({ listenPort, targetPort: portOf(second), delayMs: 0 })
      await rebuilt.judge(isthmus, ALL, [])
      log('an empty cluster in the place of the target: told and copied again')
      await isthmus.terminate()
      return rebuilt.conclude()
    } finally {
      await isthmus[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    }
  },
}

/** What was destroyed and named so far, and what came of it. */
class Rebuilt {
  readonly #source: Stage
  readonly #target: Stage
  readonly #context: TrialContext
  readonly #total = noComparison()
  readonly #codes = new Set<string>()
  readonly #seen = new Set<string>()
  #destroyed = new Map<string, Span[]>()
  #sums = { destroyed: 0, named: 0, unattributed: 0 }

  constructor(source: Stage, target: Stage, context: TrialContext) {
    this.#source = source
    this.#target = target
    this.#context = context
  }

  async until(isthmus: IsthmusProcess): Promise<void> {
    const { signal } = this.#context
    for (const link of ['again', 'hold']) await untilCopied(isthmus, { link, flowCount: 4 }, signal)
  }

  ends(topics: readonly string[]): Promise<Map<string, number>> {
    return this.#target.offsets(topics, -1)
  }

  async destroy(topics: readonly string[], act: () => Promise<unknown>): Promise<void> {
    for (const [place, to] of await this.ends(topics)) this.#destroyed.set(place, [{ from: 0, to }])
    await act()
  }

  /** @param unknown - places whose former end nobody can know: the process did not run when they were destroyed */
  async judge(isthmus: IsthmusProcess, topics: readonly string[], unknown: readonly string[]): Promise<void> {
    const { signal } = this.#context
    const places = topics.flatMap((topic) => [0, 1].map((partition) => `${topic}/${partition}`))
    await untilNamed(isthmus, CODE, { places, known: this.#seen }, signal)
    await untilFlows(isthmus, 'hold', (flow) => !topics.includes(flow.topic) || isStoppedBy(CODE)(flow), signal)
    const incidents = (await listIncidents(isthmus)).filter(({ id }) => !this.#seen.has(id))
    for (const { id } of incidents) this.#seen.add(id)
    const named = spansOf(incidents, 'target')
    for (const place of unknown) named.delete(place)
    const { destroyed, named: told, unattributed } = judgeNames(this.#destroyed, named)
    const missing = places.length - incidents.length
    const { destroyed: before, named: toldBefore, unattributed: wrong } = this.#sums
    this.#sums = {
      destroyed: before + destroyed,
      named: toldBefore + told,
      unattributed: wrong + unattributed + Math.abs(missing),
    }
    this.#destroyed = new Map()
    this.#codes.add(codesOf(incidents))
    await acknowledge(
      isthmus,
      incidents.filter(({ link }) => link === 'hold'),
      'reseed',
    )
    await acknowledge(
      isthmus,
      incidents.filter(({ link }) => link === 'again'),
    )
    addTo(
      this.#total,
      await compareUntilEqual(
        () => this.#source.read(ALL),
        () => this.#target.read(ALL),
      ),
    )
  }

  conclude() {
    const fault = [...this.#codes].join(' ')
    const summary = { ...this.#total, ...this.#sums, fault }
    return { ok: sumOf(this.#total) + this.#sums.unattributed === 0 && fault === CODE, rows: [summary], summary }
  }
}

function portOf({ bootstrap }: { readonly bootstrap: readonly string[] }): number {
  return Number(bootstrap[0]?.split(':')[1])
}
