import { performance } from 'node:perf_hooks'
import type { Browser } from 'playwright-core'
import { startConsoleStage } from './console-stage.ts'
import type { GeneratedSize } from './generated-links.ts'

const TIMES = 7
const LINK = '/links/orders-west-to-east'

export interface ViewTimes {
  /** Until the first text is drawn, milliseconds. */
  readonly firstPaintMs: number
  /** Until the topics stand in the page of flows. */
  readonly topicsMs: number
  /** The slowest view's median at the server. */
  readonly slowestViewMs: number
  readonly slowestView: string
  readonly flows: number
}

/** How fast the console is over generated state of this size, with a browser of its own cache. */
export async function measureViews(browser: Browser, size: GeneratedSize): Promise<ViewTimes> {
  await using stage = await startConsoleStage(size)
  const views = ['/status', `${LINK}/topic-flows?limit=100`, `${LINK}/topic-flows?search=paid&limit=100`]
  views.push(`${LINK}/groups?limit=100`, `${LINK}/history`, `${LINK}/flows?limit=1000&topic=orders.paid.00001`)
  const times: { view: string; medianMs: number }[] = []
  for (const view of views) times.push({ view, medianMs: await timeView(`${stage.api}/api/v1${view}`) })
  times.sort((a, b) => b.medianMs - a.medianMs)
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' })
  page.setDefaultTimeout(60_000)
  const startedMs = performance.now()
  await page.goto(`${stage.api}/console/#/flows`)
  await page.locator('.rows-sheet .rows-row a').first().waitFor()
  const topicsMs = performance.now() - startedMs
  const painted = await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1`)
  await page.close()
  const [slowest] = times
  return {
    firstPaintMs: Math.round(Number(painted)),
    topicsMs: Math.round(topicsMs),
    slowestViewMs: Math.round((slowest?.medianMs ?? 0) * 10) / 10,
    slowestView: slowest?.view ?? '',
    flows: size.partitions,
  }
}

async function timeView(url: string): Promise<number> {
  const taken: number[] = []
  for (let at = 0; at < TIMES; at++) {
    const startedMs = performance.now()
    const answer = await fetch(url)
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}`)
    taken.push(performance.now() - startedMs)
  }
  return taken.toSorted((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0
}
