import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Question, type RuleTest, testRules } from '../support/alerts-trial/promtool.ts'
import { ALERTS_FILE, type AlertRule, minutesOf, readAlerts } from '../support/alerts-trial/rules.ts'
import { seriesOf, type Stretch } from '../support/alerts-trial/series.ts'
import { type Situation, SITUATIONS } from '../support/alerts-trial/situations.ts'
import { WatchedProcess } from '../support/alerts-trial/watched-process.ts'
import type { Trial } from '../support/trial.ts'

/**
 * Every alert fires in the situation that it is for, and clears after it. Two processes of Isthmus, their metrics made by
 * the product's own code, are well for a while, then something happens, then they are well again; Prometheus's own
 * `promtool` evaluates the rules over what they tell. While all is well no alert may fire at all. And once more with
 * hours in which nothing happens: then nothing fires.
 */
const WELL_MINUTES = 12
const CLEARS_MINUTES = 15

export const trial: Trial = {
  name: 'alerts',
  describe: 'every alert fires in the situation that it is for, clears after it, and is silent while all is well',
  needs: ['promtool'],
  fields: ['alerts', 'fired', 'cleared', 'noise', 'falseAlarms'],
  populations: ['alerts', 'fired', 'cleared'],

  async run(_args, { signal, log }) {
    const rules = readAlerts()
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-alerts-'))
    try {
      const played = await evaluate(rules, SITUATIONS, { folder, signal, log })
      const falseAlarms = await countFalseAlarms(rules, { folder, signal })
      const summary = {
        alerts: rules.length,
        fired: played.fired,
        cleared: played.cleared,
        /** Where all is well. */
        noise: played.noise,
        /** Where nothing has happened. */
        falseAlarms,
        situations: Object.keys(SITUATIONS).length,
      }
      const isWhole = summary.fired === summary.alerts && summary.cleared === summary.alerts
      const ok = isWhole && summary.noise + falseAlarms === 0 && summary.situations === summary.alerts
      return { ok, rows: played.rows, summary }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

interface Evaluation {
  readonly folder: string
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

async function evaluate(
  rules: readonly AlertRule[],
  situations: Readonly<Record<string, Situation>>,
  { folder, signal, log }: Evaluation,
) {
  const played = rules.filter(({ alert }) => situations[alert] !== undefined)
  const tests: RuleTest[] = []
  for (const rule of played) {
    const situation = situations[rule.alert]
    if (situation !== undefined) tests.push(await play(rule, situation))
  }
  const { wrong, output } = await testRules(ALERTS_FILE, tests, { folder, signal })
  if (wrong.size > 0) log(output.slice(0, 20_000))
  const is = (alert: string, part: Part) => !wrong.has(`${alert} ${part}`)
  const rows = played.map(({ alert, labels, annotations }) => ({
    alert,
    severity: labels.severity ?? '',
    runbook: annotations.runbook ?? '',
    fired: is(alert, 'fires'),
    cleared: is(alert, 'fires') && is(alert, 'clears'),
    quiet: is(alert, 'quiet'),
  }))
  const count = (holds: (row: (typeof rows)[number]) => boolean) => rows.filter(holds).length
  return {
    rows,
    fired: count((row) => row.fired),
    cleared: count((row) => row.cleared),
    noise: count((row) => !row.quiet),
  }
}

/** Alerts of hours in which nothing happens. */
async function countFalseAlarms(rules: readonly AlertRule[], context: Pick<Evaluation, 'folder' | 'signal'>) {
  const { series } = await play({ for: '5h' }, { happens: () => undefined })
  const questions = rules.map(({ alert }): Question => {
    return { name: `${alert} false`, minute: 300, matchers: `,alertname="${alert}"`, isFiring: false }
  })
  const { wrong } = await testRules(ALERTS_FILE, [{ series, questions }], context)
  return wrong.size
}

type Part = 'quiet' | 'fires' | 'clears'

/** What the processes tell over the whole story, and what is asked about it. */
async function play(rule: Partial<AlertRule>, situation: Situation): Promise<RuleTest> {
  const processes = [new WatchedProcess('a:8080', true), new WatchedProcess('b:8080', false)]
  const scrape = async (minutes: number): Promise<Stretch> => {
    const texts = processes.map(async (one) => [one.instance, await one.scrape()] as const)
    return { minutes, scrapes: new Map(await Promise.all(texts)) }
  }
  for (const process of processes) process.reset()
  const before = await scrape(WELL_MINUTES)
  situation.happens(processes)
  const during = await scrape(minutesOf(rule.for) + 3)
  for (const process of processes) process.reset()
  situation.remains?.(processes)
  const after = await scrape((situation.clearsWithinMinutes ?? CLEARS_MINUTES) + 1)
  const own = `,alertname="${rule.alert}"`
  const ask = (part: Part, minute: number, matchers: string): Question => {
    return { name: `${rule.alert} ${part}`, minute, matchers, isFiring: part === 'fires' }
  }
  const ends = [before, during, after].map(
    (
      (sum) => (stretch: Stretch) =>
        (sum += stretch.minutes) - 1
    )(0),
  ) as [number, number, number]
  const questions = [ask('quiet', ends[0], ''), ask('fires', ends[1], own), ask('clears', ends[2], own)]
  return { series: seriesOf([before, during, after]), questions }
}
