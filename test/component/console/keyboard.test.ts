import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { groupKey, type GroupDocument } from '../../../src/failover/state.ts'
import { findFaults } from '../../support/console/drive.ts'
import { hasBrowser, openBrowser } from '../../support/console/browser.ts'
import { startConsoleStage } from '../../support/console/console-stage.ts'
import { hasFocus, Keyboard } from '../../support/console/keyboard.ts'

const SIZE = { topics: 20, partitions: 60, groups: 6 }
const SLOW_MS = 300_000
const SOON = { timeout: 60_000 }
const WIDE = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }
type Stage = Awaited<ReturnType<typeof startConsoleStage>>

describe.skipIf(!hasBrowser())('the console by keyboard alone', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  }, SLOW_MS)
  afterAll(() => browser.close())

  const open = async () => {
    const page = await browser.newPage({ viewport: WIDE, locale: 'en-US' })
    page.setDefaultTimeout(60_000)
    return { page, keys: new Keyboard(page) }
  }

  test(
    'a person signs in, plans a switchover, reads what the guards saw, orders it, follows it and asks to abort it',
    async () => {
      const { token, hash } = createToken()
      const tokens = [{ name: 'ada', role: 'operator' as const, hash, hashFile: null, expiresAtMs: null }]
      await using stage = await startConsoleStage(SIZE, { anonymous: 'none', tokens })
      const { page, keys } = await open()
      await page.goto(`${stage.api}/console/`)
      await page.getByLabel('Token').waitFor()
      await keys.goTo(page.getByLabel('Token'))
      await keys.type(token)
      await keys.press('Enter')
      await page.getByText('west is active; east, north stand by.').waitFor()
      await expectFocus(page, 'heading', 'Overview')

      await keys.goTo(page.getByRole('link', { name: 'Move orders' }))
      await keys.press('Enter')
      await expectFocus(page, 'heading', 'Move')
      await plan(page, keys)
      expect(await findFaults(page)).toEqual([])

      await keys.goTo(page.getByRole('region', { name: 'Guards and their evidence, the worst first' }))
      await keys.goTo(page.getByLabel('Why, for those'))
      await keys.type('an upgrade')
      await keys.goTo(page.getByLabel('Type orders'))
      await keys.type('order')
      await keys.press('Enter')
      expect(stage.authority.group.operation).toBeUndefined()
      await keys.type('s')
      await keys.goTo(page.getByRole('button', { name: 'switchover to east' }))
      await keys.press('Space')
      await page.getByRole('heading', { name: 'switchover of orders from west to east' }).waitFor()
      await expectFocus(page, 'heading', 'Operation')
      expect(stage.authority.group.operation?.request).toMatchObject({ by: 'token:ada', reason: 'an upgrade' })

      await follow(page, { keys, stage })
      expect(keys.unseen).toEqual([])
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'an order that is refused is told, and the keyboard stays where it was',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const { page, keys } = await open()
      await page.goto(`${stage.api}/console/#/move?group=orders`)
      await page.getByRole('combobox', { name: 'Failover group' }).waitFor()
      await plan(page, keys)
      await keys.goTo(page.getByLabel('Who asks'))
      await keys.type('ada')
      await keys.goTo(page.getByLabel('Why, for those'))
      await keys.type('upgrade')
      await keys.goTo(page.getByLabel('Type orders'))
      await keys.type('orders')
      stage.seen.hold = 'another controller leads'
      const { copy } = stage.seen.evidence
      stage.seen.evidence = { ...stage.seen.evidence, copy: { ...copy, openGaps: ['orders-3'] } }
      const order = page.getByRole('button', { name: 'switchover to east' })
      await keys.goTo(order)
      await keys.press('Enter')
      await page.getByRole('alert').first().waitFor()
      expect(await hasFocus(order)).toBe(true)
      expect(stage.authority.group.operation).toBeUndefined()
      await keys.goTo(page.getByLabel('Type orders'), 'Shift+Tab')
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'every page begins at its heading, and what has the focus is in sight, also on a phone',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const { page, keys } = await open()
      await page.goto(`${stage.api}/console/`)
      await page.getByText('west is active; east, north stand by.').waitFor()
      await keys.goTo(page.getByRole('link', { name: 'History', exact: true }))
      const pages = (await page.locator('nav.nav a').allTextContents()).toReversed()
      for (const name of pages) {
        const link = page.getByRole('link', { name, exact: true })
        if (!(await hasFocus(link))) await keys.goTo(link, 'Shift+Tab')
        await keys.press('Enter')
        await expectFocus(page, 'heading', name)
      }
      expect(pages.length).toBeGreaterThan(8)
      await page.setViewportSize(PHONE)
      await keys.goTo(page.getByRole('link', { name: 'Move', exact: true }), 'Shift+Tab')
      await keys.press('Enter')
      await expectFocus(page, 'heading', 'Move')
      await page.getByText('the configuration').waitFor()
      await keys.goTo(page.getByRole('link', { name: 'Skip to the page' }))
      await keys.press('Enter')
      await expectFocus(page, 'heading', 'Move')
      expect([...new Set(keys.unseen)]).toEqual([])
      await page.close()
    },
    SLOW_MS,
  )
})

async function expectFocus(page: Page, role: 'heading', name: string): Promise<void> {
  const heading = page.getByRole(role, { name, exact: true, level: 1 })
  await heading.waitFor()
  await expect.poll(() => hasFocus(heading), SOON).toBe(true)
}

async function plan(page: Page, keys: Keyboard): Promise<void> {
  // A person waits for the regions to choose from, and until the page knows who they are.
  await page.locator('option', { hasText: 'east, standby' }).waitFor({ state: 'attached' })
  const make = page.getByRole('button', { name: 'Plan it' })
  await expect.poll(() => make.isEnabled(), SOON).toBe(true)
  await keys.goTo(page.getByRole('combobox', { name: 'Failover group' }))
  await keys.goTo(page.getByRole('radio', { name: /^Switchover/ }))
  await keys.press('Space')
  await keys.goTo(page.getByRole('combobox', { name: 'To', exact: true }))
  await keys.press('ArrowDown')
  await keys.goTo(make)
  await keys.press('Enter')
  const heading = page.getByRole('heading', { name: 'Plan: switchover of orders from west to east' })
  await heading.waitFor()
  await expect.poll(() => hasFocus(heading), SOON).toBe(true)
}

/** The step is said as it changes; the way to abort it opens, closes and never leaves the keyboard nowhere. */
async function follow(page: Page, { keys, stage }: { readonly keys: Keyboard; readonly stage: Stage }): Promise<void> {
  await keys.listen()
  await enter(stage, 'fencing')
  await expect.poll(() => keys.heard(), SOON).toContain('running, at the step fencing')
  await enter(stage, 'draining')
  await expect.poll(() => keys.heard(), SOON).toContain('running, at the step draining')

  const head = page.locator('summary', { hasText: 'Abort it' })
  await keys.goTo(head)
  await keys.press('Enter')
  const why = page.getByLabel('Why, for those')
  await keys.goTo(why)
  await keys.press('Escape')
  expect(await hasFocus(head)).toBe(true)
  await why.waitFor({ state: 'hidden' })
  await keys.press('Space')
  await keys.goTo(why)
  await keys.type('not now')
  await keys.goTo(page.getByRole('button', { name: 'Abort the move' }))
  await keys.press('Enter')
  await expect.poll(() => keys.heard(), SOON).toContain('The API has taken it: Abort the move.')
  expect(stage.authority.group.operation?.abort).toMatchObject({ by: 'token:ada', reason: 'not now' })
  await enter(stage, 'rolling-back')
  await expect.poll(() => keys.heard(), SOON).toContain('rolling back, at the step rolling-back: west stays active')
  await expect.poll(() => keys.heard(), SOON).toContain('rolling back, at the step rolling-back: west stays active')
  // What was offered has gone, and the focus with it.
  await expectFocus(page, 'heading', 'Operation')
}

type Operation = NonNullable<GroupDocument['operation']>

async function enter({ authority }: Stage, phase: Operation['phase']): Promise<void> {
  const key = groupKey('orders')
  const document = authority.group
  const value = { ...document, operation: { ...document.operation, phase } }
  const expected = (await authority.read(key))?.revision ?? 'absent'
  const result = await authority.write(key, value as never, { expected } as never)
  if (result.kind !== 'written') throw new Error(`the step could not be entered: ${result.kind}`)
}
