import type { Browser } from 'playwright-core'
import { startConsoleStage } from './console-stage.ts'
import type { GeneratedSize } from './generated-links.ts'

/** Of each, the median counts: the machine does other things as well. */
const VIEW_TIMES = 7
const PAGE_TIMES = 3
const LINK = '/links/orders-west-to-east'
const VIEWS = [
  '/status',
  '/failover-groups',
  `${LINK}/topic-flows?limit=100`,
  `${LINK}/topic-flows?search=paid&limit=100`,
  `${LINK}/flows?limit=1000&topic=orders.paid.00001`,
  `${LINK}/groups?limit=100`,
  `${LINK}/history`,
  '/regions',
  '/security/findings',
  '/runbooks',
]
const PAGE_LIMIT_MS = 60_000

export interface ViewTimes {
  /** Partitions of each of the two links. */
  readonly flows: number
  /** Until the first text is drawn, milliseconds. */
  readonly firstPaintMs: number
  /** Until the topics stand in the page of flows. */
  readonly topicsMs: number
  /** The slowest view's median at the server. */
  readonly slowestViewMs: number
  readonly slowestView: string
}

/** How fast the console is over generated state of this size, each time with an empty cache. */
export async function measureViews(browser: Browser, size: GeneratedSize): Promise<ViewTimes> {
  await using stage = await startConsoleStage(size)
  const views: { view: string; ms: number }[] = []
  for (const view of VIEWS) views.push({ view, ms: await timeView(`${stage.api}/api/v1${view}`) })
  const [slowest] = views.toSorted((a, b) => b.ms - a.ms)
  const pages: PageTimes[] = []
  for (let at = 0; at < PAGE_TIMES; at++) pages.push(await timePage(browser, stage.api))
  return {
    flows: size.partitions,
    firstPaintMs: Math.round(median(pages.map(({ firstPaintMs }) => firstPaintMs))),
    topicsMs: Math.round(median(pages.map(({ topicsMs }) => topicsMs))),
    slowestViewMs: Math.round((slowest?.ms ?? 0) * 10) / 10,
    slowestView: slowest?.view ?? '',
  }
}

type PageTimes = Pick<ViewTimes, 'firstPaintMs' | 'topicsMs'>

async function timePage(browser: Browser, api: string): Promise<PageTimes> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' })
  page.setDefaultTimeout(PAGE_LIMIT_MS)
  const startedMs = performance.now()
  await page.goto(`${api}/console/#/flows`)
  await page.locator('.rows-sheet .rows-row a').first().waitFor()
  const topicsMs = performance.now() - startedMs
  const painted = await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`)
  await page.close()
  return { firstPaintMs: Number(painted), topicsMs }
}

async function timeView(url: string): Promise<number> {
  const taken: number[] = []
  for (let at = 0; at < VIEW_TIMES; at++) {
    const startedMs = performance.now()
    const answer = await fetch(url)
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}`)
    taken.push(performance.now() - startedMs)
  }
  return median(taken)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
