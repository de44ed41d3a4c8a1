import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser } from '../support/console/browser.ts'
import { ConsoleDriver } from '../support/console/drive.ts'
import { measureViews, type ViewTimes } from '../support/console/measure-views.ts'
import { GROUP, readGroup, untilPlanned } from '../support/failover-trial/control.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import type { IsthmusProcess } from '../support/isthmus-process.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * A person at a browser moves a failover group of real regions while applications write: what the page says at the end
 * is held against the API. Every page is looked at by axe in both themes. Over generated state of 40,000 partitions it is
 * told how fast pages and views are, beside a small one: only the ratio is judged, since the machine is shared.
 */
const RATE = 100
const MOVE_LIMIT_MS = 120_000
const DRILL_LIMIT_MS = 90_000
const ABORTS_MAX = 3
const SMALL = { topics: 40, partitions: 160, groups: 20 }
const LARGE = { topics: 10_000, partitions: 40_000, groups: 2_000 }
/** 250 times as many partitions may take so many times as long, and a second on top. */
const RATIO_MAX = 50
const SLACK_MS = 1_000

export const trial: Trial = {
  name: 'console',
  describe: 'the console moves a failover group in a real browser, is accessible, and is fast over 40,000 partitions',
  fields: [
    'moves',
    'aborted',
    'drills',
    'axeViolations',
    'pages',
    'pageErrors',
    'firstPaintMs',
    'topicsMs',
    'slowestViewMs',
  ],
  populations: ['moves', 'pages', 'flows'],
  limitMs: 20 * 60_000,

  async run({ short }, context) {
    const browser = await openBrowser()
    try {
      const small = await measureViews(browser, SMALL)
      const large = await measureViews(browser, LARGE)
      const seen = await playStory({ short, context, open: (api, folder) => ConsoleDriver.open(browser, api, folder) })
      return conclude(seen, { small, large, short })
    } finally {
      await browser.close()
    }
  },
}

interface Story {
  readonly moves: number
  readonly aborted: number
  readonly drills: number
  readonly driver: ConsoleDriver
  readonly wrong: readonly string[]
}

async function playStory({
  short,
  context,
  open,
}: {
  readonly short: boolean
  readonly context: TrialContext
  readonly open: (api: string, folder: string) => Promise<ConsoleDriver>
}): Promise<Story> {
  const { signal, log } = context
  await using stage = await FailoverStage.start({ regions: 2, isSecured: true, rate: RATE }, context)
  const isthmus = await stage.begin(signal)
  const folder = join(stage.folder.path, 'screenshots')
  mkdirSync(folder, { recursive: true })
  const driver = await open(isthmus.apiUrl, folder)
  const wrong: string[] = []
  const step = async (what: string, action: () => Promise<string | undefined>) => {
    const startedMs = performance.now()
    const trouble = await action()
    log(`${what}: ${trouble ?? 'as it should be'}, ${Math.round(performance.now() - startedMs)} ms`)
    if (trouble !== undefined) wrong.push(`${what}: ${trouble}`)
  }
  const [home = '', standby = ''] = stage.regions.all.map(({ name }) => name)
  stage.apps.ordered(standby)
  await untilPlanned(isthmus, { kind: 'switchover', to: standby }, { signal })
  await step('every page', async () => {
    await driver.lookAround()
    return driver.violations[0] ?? driver.errors[0]
  })
  let aborted = 0
  if (!short)
    await step('an aborted move', async () =>
      (aborted = await abortMove(driver, isthmus, standby)) > 0 ? undefined : 'none',
    )
  await step('switchover', () => moveThere(driver, isthmus, { kind: 'switchover', to: standby }))
  let moves = 1
  let drills = 0
  if (!short) {
    stage.apps.ordered(home)
    await untilPlanned(isthmus, { kind: 'failback', to: home }, { signal })
    await step('failback', () => moveThere(driver, isthmus, { kind: 'failback', to: home }))
    moves++
    await step('a drill', async () => {
      const outcome = await driver.drill(GROUP, 'preflight', DRILL_LIMIT_MS)
      drills++
      return outcome === 'passed' || outcome === 'failed' ? undefined : `the drill was ${outcome}`
    })
  }
  await driver.close()
  return { moves, aborted, drills, driver, wrong }
}

async function moveThere(
  driver: ConsoleDriver,
  isthmus: IsthmusProcess,
  { kind, to }: { readonly kind: 'switchover' | 'failback'; readonly to: string },
): Promise<string | undefined> {
  await driver.order({ kind, group: GROUP, to })
  const state = await driver.untilEnded(MOVE_LIMIT_MS)
  await driver.look(`operation-${kind}`)
  const active = (await readGroup(isthmus))?.active
  if (state !== 'done') return `the page says ${state}`
  return active === to ? undefined : `the page says done, and ${active ?? 'nothing'} is active`
}

/** A move may be past its commit before anybody can press: then it is brought back, and tried again. */
async function abortMove(driver: ConsoleDriver, isthmus: IsthmusProcess, to: string): Promise<number> {
  for (let attempt = 1; attempt <= ABORTS_MAX; attempt++) {
    const home = (await readGroup(isthmus))?.active ?? ''
    await driver.order({ kind: 'switchover', group: GROUP, to })
    await driver.abort()
    const state = await driver.untilEnded(MOVE_LIMIT_MS)
    const active = (await readGroup(isthmus))?.active
    if (state === 'rolled-back' && active === home) return 1
    await driver.order({ kind: 'failback', group: GROUP, to: home })
    await driver.untilEnded(MOVE_LIMIT_MS)
  }
  return 0
}

function conclude(
  { moves, aborted, drills, driver, wrong }: Story,
  { small, large, short }: { readonly small: ViewTimes; readonly large: ViewTimes; readonly short: boolean },
): TrialResult {
  const isSwift = (of: (times: ViewTimes) => number) => of(large) <= of(small) * RATIO_MAX + SLACK_MS
  const swift = [
    isSwift(({ firstPaintMs }) => firstPaintMs),
    isSwift(({ topicsMs }) => topicsMs),
    isSwift(({ slowestViewMs }) => slowestViewMs),
  ]
  const rows = [small, large].map((times) => ({ ...times }))
  const ok = wrong.length === 0 && swift.every(Boolean) && driver.errors.length === 0 && (short || aborted > 0)
  return {
    ok,
    rows,
    summary: {
      moves,
      aborted,
      drills,
      axeViolations: driver.violations.length,
      pageErrors: driver.errors.length,
      pages: driver.screenshots,
      flows: large.flows,
      firstPaintMs: large.firstPaintMs,
      topicsMs: large.topicsMs,
      slowestViewMs: large.slowestViewMs,
      smallFirstPaintMs: small.firstPaintMs,
      smallTopicsMs: small.topicsMs,
      smallSlowestViewMs: small.slowestViewMs,
      wrong: wrong.length === 0 ? 'nothing' : wrong.join('; '),
    },
  }
}
