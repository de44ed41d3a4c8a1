import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { findViolations } from '../../support/console/axe.ts'
import { hasBrowser, openBrowser } from '../../support/console/browser.ts'
import { startConsoleStage } from '../../support/console/console-stage.ts'

const PAGES = ['', 'map', 'flows', 'groups', 'move', 'drills', 'divergence', 'history']
const SIZE = { topics: 60, partitions: 240, groups: 12 }
const SLOW_MS = 300_000
const WIDE = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' as const }
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const }

describe.skipIf(!hasBrowser())('the console in a real browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  }, SLOW_MS)
  afterAll(() => browser.close())

  const open = async (look: typeof WIDE | typeof PHONE = WIDE) => {
    const page = await browser.newPage({ ...look, locale: 'en-US' })
    page.setDefaultTimeout(90_000)
    return page
  }

  test.each([
    ['wide and light', WIDE],
    ['on a phone and dark', PHONE],
  ])(
    'every page has no finding of axe, and nothing runs out of it: %s',
    async (_name, look) => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open(look)
      const errors: string[] = []
      page.on('pageerror', ({ message }) => errors.push(message))
      page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
      const found: string[] = []
      for (const name of PAGES) {
        await goTo(page, stage.api, name)
        found.push(...(await findViolations(page)).map((one) => `${name}: ${one}`))
        const over = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
        if (Number(over) > 0) found.push(`${name} is ${String(over)} px too wide`)
      }
      expect(found).toEqual([])
      expect(errors).toEqual([])
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a stranger is asked for a token, which stays in the tab',
    async () => {
      const { token, hash } = createToken()
      const tokens = [{ name: 'ada', role: 'viewer' as const, hash, hashFile: null, expiresAtMs: null }]
      await using stage = await startConsoleStage(SIZE, { anonymous: 'none', tokens })
      const page = await open()
      await page.goto(`${stage.api}/console/`)
      await page.getByLabel('Token').fill('wrong')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').getByText('credentials are refused').waitFor()
      await page.getByLabel('Token').fill(token)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('token:ada, viewer').waitFor()
      await page.getByText('west is active; east, north stand by.').waitFor()
      expect(await page.context().cookies()).toEqual([])
      expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(token)
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByLabel('Token').waitFor()
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a move is planned, and ordered once the name of its group is typed',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      await goTo(page, stage.api, 'move')
      expect(await page.locator('input:checked').count()).toBe(0)
      await page.getByRole('combobox', { name: 'Failover group' }).selectOption('orders')
      await page.getByText('Switchover: the source').click()
      await page.getByRole('combobox', { name: 'To', exact: true }).selectOption('east')
      await page.getByRole('button', { name: 'Plan it' }).click()
      await page.getByText('Nothing stops it').waitFor()
      expect(stage.authority.group.operation).toBeUndefined()
      expect(await findViolations(page)).toEqual([])
      const order = page.getByRole('button', { name: 'switchover to east' })
      await page.getByLabel('Who asks').fill('ada')
      await page.getByLabel('Why, for those').fill('upgrade')
      await page.getByLabel('Type orders').fill('order')
      expect(await order.isDisabled()).toBe(true)
      await page.getByLabel('Type orders').fill('orders')
      await order.click()
      await page.getByRole('heading', { name: 'switchover of orders from west to east' }).waitFor()
      expect(stage.authority.group.operation?.request).toMatchObject({ by: 'ada', reason: 'upgrade' })
      expect(await findViolations(page)).toEqual([])
      await page.getByText('Abort it', { exact: true }).click()
      await page.getByLabel('Who asks').fill('bob')
      await page.getByLabel('Why, for those').fill('not now')
      await page.getByRole('button', { name: 'Abort the move' }).click()
      await page.getByText('bob has asked to abort it: not now').waitFor()
      expect(stage.authority.group.operation?.abort).toMatchObject({ by: 'bob' })
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a move whose guards fail cannot be ordered',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const { copy } = stage.seen.evidence
      stage.seen.evidence = {
        ...stage.seen.evidence,
        copy: { ...copy, openGaps: ['orders-3'] },
      }
      const page = await open()
      await goTo(page, stage.api, 'move?group=orders')
      await page.getByText('Switchover: the source').click()
      await page.getByRole('combobox', { name: 'To', exact: true }).selectOption('east')
      await page.getByRole('button', { name: 'Plan it' }).click()
      await page.getByText('Stopped by no-open-gaps', { exact: true }).waitFor()
      await page.getByLabel('Who asks').fill('ada')
      await page.getByLabel('Why, for those').fill('upgrade')
      await page.getByLabel('Type orders').fill('orders')
      expect(await page.getByRole('button', { name: 'switchover to east' }).isDisabled()).toBe(true)
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'what happens is shown as it happens',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      await goTo(page, stage.api, 'history')
      const news = { kind: 'fence:lost', severity: 'error' as const, sentence: 'the fence of east is gone', facts: {} }
      stage.delivery.feed.tell({ ...news, group: 'orders', region: 'east', link: null, operation: null })
      await page.getByRole('cell', { name: 'the fence of east is gone' }).waitFor()
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'where the API goes away, what was last heard stays, and its age grows',
    async () => {
      const stage = await startConsoleStage(SIZE)
      const page = await open()
      await goTo(page, stage.api, '')
      await page.getByText('live', { exact: true }).waitFor()
      await stage[Symbol.asyncDispose]()
      await page.getByText('not connected').waitFor()
      await page.getByRole('alert').first().getByText('the API does not answer').waitFor()
      await page.getByText('west is active; east, north stand by.').waitFor()
      await page
        .getByText(/old: as of \d+ s ago/)
        .first()
        .waitFor()
      await page.close()
    },
    SLOW_MS,
  )
})

/** Until the page has what it asked the API for. */
async function goTo(page: Page, api: string, name: string): Promise<void> {
  await page.goto(`${api}/console/#/${name}`)
  await page.locator('section.panel').first().waitFor()
  await page.getByText('Asking the API.').first().waitFor({ state: 'detached' })
  await page.locator('.panel-head .age').first().waitFor()
}
