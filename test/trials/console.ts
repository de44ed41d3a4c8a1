import { join } from 'node:path'
import { type Browser } from 'playwright-core'
import { openBrowser } from '../support/console/browser.ts'
import { ConsoleDriver, LOOKS, EVERY_LOOK } from '../support/console/drive.ts'
import { measureViews, type ViewTimes } from '../support/console/measure-views.ts'
import { ConsoleStory } from '../support/console/story.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import type { Trial, TrialArguments, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * A person at a browser moves a failover group of real regions while applications write: what the page says at the end
 * is held against the API. Every page is looked at by axe, in both themes and two sizes. Over generated state of 40,000
 * partitions it is told how fast pages and views are, beside a small one: the aims are for a machine that does nothing
 * else, so a time counts as too long only where it is far above its aim and far above that of the small one.
 */
const RATE = 100
const SMALL = { topics: 40, partitions: 160, groups: 20 }
const LARGE = { topics: 10_000, partitions: 40_000, groups: 2_000 }
const PAINT_AIM_MS = 1_500
const VIEW_AIM_MS = 300
const ROOM = 4

export const trial: Trial = {
  name: 'console',
  describe: 'the console moves a failover group in a real browser, is accessible, and is fast over 40,000 partitions',
  fields: [
    'moves',
    'aborted',
    'salvaged',
    'drills',
    'axeViolations',
    'pageErrors',
    'pictures',
    'flows',
    'firstPaintMs',
    'topicsMs',
    'slowestViewMs',
  ],
  populations: ['moves', 'pictures', 'flows', 'firstPaintMs', 'slowestViewMs'],
  limitMs: 20 * 60_000,
  options: { pictures: { describe: 'folder that keeps the pictures of the pages', default: '' } },

  async run(args, context) {
    const browser = await openBrowser()
    try {
      const story = await playStory(browser, args, context)
      const small = await measureViews(browser, SMALL)
      const large = await measureViews(browser, LARGE)
      return conclude(story, { small, large, short: args.short })
    } finally {
      await browser.close()
    }
  },
}

interface Played {
  readonly driver: ConsoleDriver
  readonly counts: ConsoleStory['counts']
}

async function playStory(browser: Browser, { short, options }: TrialArguments, context: TrialContext): Promise<Played> {
  await using stage = await FailoverStage.start({ regions: 2, isSecured: false, rate: RATE }, context)
  const isthmus = await stage.begin(context.signal)
  const folder = options['pictures'] || join(stage.folder.path, 'pictures')
  const driver = await ConsoleDriver.open(browser, isthmus.apiUrl, { folder, ...(!short && { looks: EVERY_LOOK }) })
  const story = new ConsoleStory({ stage, isthmus, driver, context })
  await story.lookAround(short ? LOOKS : EVERY_LOOK)
  if (!short) await story.abortOne()
  await story.switchOver()
  if (!short) {
    await story.failBack()
    await story.loseHome()
    await story.failBack()
    await story.drill()
    await story.lookAround(LOOKS, 'end-')
  }
  await driver.close()
  return { driver, counts: story.counts }
}

function conclude(
  { driver, counts }: Played,
  { small, large, short }: { readonly small: ViewTimes; readonly large: ViewTimes; readonly short: boolean },
): TrialResult {
  const { wrong, ...played } = counts
  const { violations, errors, screenshots } = driver
  const isSwift = (of: (times: ViewTimes) => number, aimMs: number) => of(large) <= ROOM * Math.max(aimMs, of(small))
  const areSwift =
    isSwift((times) => times.firstPaintMs, PAINT_AIM_MS) && isSwift((times) => times.slowestViewMs, VIEW_AIM_MS)
  const isWhole = short || (played.aborted > 0 && played.salvaged > 0 && played.drills > 0)
  const problems = [...wrong, ...violations, ...errors]
  return {
    ok: problems.length === 0 && areSwift && isWhole,
    rows: problems.map((problem) => ({ problem })),
    summary: {
      ...played,
      axeViolations: violations.length,
      pageErrors: errors.length,
      pictures: screenshots,
      flows: large.flows,
      firstPaintMs: large.firstPaintMs,
      topicsMs: large.topicsMs,
      slowestViewMs: large.slowestViewMs,
      slowestView: large.slowestView,
      small: {
        firstPaintMs: small.firstPaintMs,
        topicsMs: small.topicsMs,
        slowestViewMs: small.slowestViewMs,
      },
    },
  }
}
