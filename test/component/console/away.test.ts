import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import type { LinkStatus } from '../../../src/replication/index.ts'
import { regionStatus } from '../../support/fake-control.ts'
import { hasBrowser, openBrowser } from '../../support/console/browser.ts'
import { startConsoleStage } from '../../support/console/console-stage.ts'
import { findFaults, goToPage } from '../../support/console/drive.ts'

/** What the console says while something is away: the metrics stack, a region, the API itself. */
const SIZE = { topics: 20, partitions: 60, groups: 6 }
const SLOW_MS = 300_000
const WIDE = { width: 1280, height: 800 }
const UNSEEN_MS = 95_000
type Stage = Awaited<ReturnType<typeof startConsoleStage>>

describe.skipIf(!hasBrowser())('the console while something is away', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  }, SLOW_MS)
  afterAll(() => browser.close())

  const open = async () => {
    const page = await browser.newPage({ viewport: WIDE, locale: 'en-US' })
    page.setDefaultTimeout(90_000)
    return page
  }

  test(
    'it asks the API alone: no page needs the metrics stack, nor the metrics themselves',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      const elsewhere: string[] = []
      let asked = 0
      page.on('request', (request) => {
        asked++
        const { origin, pathname } = new URL(request.url())
        const isOwn = origin === stage.api && /^\/(console|api\/v1)\//.test(pathname)
        if (!isOwn) elsewhere.push(request.url())
      })
      for (const name of await namesOf(page, stage)) await goToPage(page, stage.api, name)
      expect(elsewhere).toEqual([])
      expect(asked).toBeGreaterThan(20)
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a region that is away holds no page up, and what is known of it says since when',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      loseWest(stage)
      const page = await open()
      // What looks at every region is answered only when this one is: here, never.
      await page.route('**/api/v1/security/drift', () => new Promise(() => {}))
      for (const name of await namesOf(page, stage)) await goToPage(page, stage.api, name)
      await goToPage(page, stage.api, 'security')
      await page.getByText('Looking at every region; one that is away is given up').waitFor()
      await page.getByRole('cell', { name: 'regions.west.tls' }).first().waitFor()

      await goToPage(page, stage.api, '')
      const group = page.getByRole('region', { name: 'orders', exact: true })
      await group.locator('.lead').getByText('the active region is down').waitFor()
      await group
        .getByText(/The end of west was last seen 9\d s ago/)
        .first()
        .waitFor()

      await goToPage(page, stage.api, 'map')
      await page
        .getByRole('row', { name: /^west / })
        .getByText('down', { exact: true })
        .waitFor()
      await page.getByText('was: running').first().waitFor()
      await goToPage(page, stage.api, 'flows')
      await page.getByText('source not seen').first().waitFor()
      await page.getByText('When the source was last seen, it was behind by').waitFor()
      expect(await page.locator('.mark-good').allTextContents()).toEqual(['live'])
      expect(await findFaults(page)).toEqual([])
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'where the API goes away, each page says so with the time of its data, and shows nothing as well that was',
    async () => {
      const stage = await startConsoleStage(SIZE)
      const page = await open()
      await goToPage(page, stage.api, 'map')
      await page
        .getByRole('row', { name: /^west / })
        .getByText('up', { exact: true })
        .waitFor()
      await page.getByText('live', { exact: true }).waitFor()
      await stage[Symbol.asyncDispose]()

      const banner = page.getByRole('alert').filter({ hasText: 'The API does not answer.' })
      await banner.getByText(/What is shown here was true at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/).waitFor()
      await page.getByText('not connected').waitFor()
      await page.locator('.panel-old').nth(2).waitFor()
      expect(await page.getByText('was: up').count()).toBe(3)
      expect(await page.locator('.mark-good, .map-region-good').count()).toBe(0)
      expect(await findFaults(page)).toEqual([])

      // The one that was not looked at before has nothing to show, and says why.
      await page.getByRole('link', { name: 'Move', exact: true }).click()
      await page.getByRole('alert').getByText('the API does not answer:').first().waitFor()
      await banner.waitFor()
      await page.getByRole('link', { name: 'Overview', exact: true }).click()
      await banner.waitFor()
      expect(await page.locator('.mark-good').count()).toBe(0)
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'an API that takes requests and answers none is away as well, and is there again with its first answer',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      await goToPage(page, stage.api, '')
      await page.getByText('as it should be').or(page.getByText('to acknowledge')).first().waitFor()
      await page.route('**/api/v1/**', () => new Promise(() => {}))
      const banner = page.getByRole('alert').getByText('The API does not answer.')
      await banner.waitFor()
      await page.getByText(/^not known: the API last answered/).waitFor()
      await page.getByText('When it was last heard: ').first().waitFor()
      await page.unroute('**/api/v1/**')
      await banner.waitFor({ state: 'detached' })
      await page.getByText(/^not known: the API last answered/).waitFor({ state: 'detached' })
      await page.close()
    },
    SLOW_MS,
  )
})

/** Of every page that the navigation leads to. */
async function namesOf(page: Page, { api }: Stage): Promise<string[]> {
  await goToPage(page, api, '')
  const links = await page.locator('nav.nav a').evaluateAll((all) => all.map((one) => String(one.getAttribute('href'))))
  expect(links.length).toBeGreaterThan(8)
  return links.map((href) => href.replace('#/', ''))
}

/** Its health, and what its copies say of it: the ends of its logs were last seen a while ago. */
function loseWest({ seen, replicator }: Stage): void {
  const region = regionName('west')
  const votes = ['here', 'east-agent'].map((vantage) => ({
    vantage,
    standsIn: null,
    vote: 'down' as const,
    ageMs: 900,
  }))
  const judgement = { region, verdict: 'down' as const, reason: '2 of 2 vantage points say down', votes, majority: 2 }
  const { health } = regionStatus()
  const lost = regionStatus({
    region,
    sampleAgeMs: 900,
    judgement,
    ...(health && { health: { ...health, level: 'down' } }),
  })
  seen.regions = seen.regions.map((one) => (one.region === region ? lost : one))
  const age = (link: LinkStatus): LinkStatus => ({
    ...link,
    flows: link.flows.map((flow) => ({ ...flow, observedAtMs: (flow.observedAtMs ?? 0) - UNSEEN_MS })),
  })
  replicator.links.splice(0, replicator.links.length, ...replicator.links.map(age))
}
