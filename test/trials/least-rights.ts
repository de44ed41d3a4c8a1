import { type LeastRight, type Outcome, RightsScene } from '../support/rights-trial/rights-scene.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * The rights that `isthmus security rights` prints are enough, and none is too many: with all of them, and without those
 * that are optional, everything works that a group asks of its regions; without any other one a broker refuses something,
 * which is told, and which goes on once the right is back.
 */
export const trial: Trial = {
  name: 'least-rights',
  describe: 'the rights that are asked for are enough, and without each of them something is refused and told',
  limitMs: 1_500_000,
  fields: ['rights', 'needed', 'refused', 'silent', 'notNeeded', 'worked', 'recovered'],
  populations: ['rights', 'needed', 'refused', 'worked'],

  async run({ short }, { signal, log }) {
    using folder = new TrialFolder()
    await using scene = await RightsScene.start(folder, signal)
    const optional = scene.rights.filter(({ isOptional }) => isOptional)
    const needed = scene.rights.filter(({ isOptional }) => !isOptional)
    const rows: Row[] = []
    // Topics of its own are made once.
    const [first] = needed.filter(({ binding }) => textOf(binding) === 'create topic __isthmus.')
    await scene.grant(...scene.rights.filter((right) => right !== first))
    await scene.restart()
    if (first !== undefined) rows.push(await tryWithout(scene, first))
    log(`without ${rows.at(-1)?.right}: ${rows.at(-1)?.told}`)
    const all = await scene.work()
    log(`with all ${scene.rights.length}: ${describe(all)}`)
    await scene.take(...optional)
    const least = await scene.work()
    log(`without the ${optional.length} optional ones: ${describe(least)}`)
    for (const right of needed) {
      if (right === first || (short && !SHORT.includes(textOf(right.binding)))) continue
      await scene.take(right)
      rows.push(await tryWithout(scene, right))
      log(`without ${rows.at(-1)?.right}: ${rows.at(-1)?.told}`)
    }
    const last = await scene.work()
    const of = (kind: Outcome['kind']) => rows.filter(({ outcome }) => outcome === kind).length
    const worked = [all, least].filter(({ kind }) => kind === 'worked').length
    const summary = {
      rights: scene.rights.length,
      needed: rows.length,
      refused: of('refused'),
      silent: of('silent'),
      notNeeded: of('worked'),
      worked,
      recovered: last.kind === 'worked' ? 1 : 0,
    }
    return { ok: worked === 2 && summary.recovered === 1 && summary.refused === rows.length, rows, summary }
  },
}

interface Row extends Readonly<Record<string, string>> {
  readonly right: string
  readonly outcome: Outcome['kind']
  readonly at: string
  readonly told: string
}

/** Of the short form: one of each kind of what asks for them. */
const SHORT = ['write topic orders.', 'alter cluster kafka-cluster']

/** It has been taken away; it is given back. */
async function tryWithout(scene: RightsScene, right: LeastRight): Promise<Row> {
  let outcome = await scene.work()
  if (outcome.kind === 'worked') {
    // Some are asked for by whoever begins only.
    await scene.restart()
    outcome = await scene.work()
  }
  await scene.grant(right)
  await scene.calm()
  const at = outcome.kind === 'worked' ? '-' : outcome.step
  return { right: textOf(right.binding), outcome: outcome.kind, at, told: describe(outcome).slice(0, 120) }
}

function textOf({ operation, resource, name }: LeastRight['binding']): string {
  return `${operation} ${resource} ${name}`
}

function describe(outcome: Outcome): string {
  if (outcome.kind === 'worked') return 'everything works'
  return outcome.kind === 'refused' ? shorten(outcome.told) : outcome.reason
}

/** The sentence of a line of the log. */
function shorten(told: string): string {
  return /"msg":"([^"]*)"/.exec(told)?.[1] ?? told.slice(0, 300)
}
