import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { EXIT } from '../../../src/cli/index.ts'
import { parseWords } from '../../../src/runbooks/parse-words.ts'
import { findViolations } from '../../support/console/axe.ts'
import { hasBrowser, openBrowser } from '../../support/console/browser.ts'
import { startConsoleStage } from '../../support/console/console-stage.ts'
import { ConsoleDriver, LOOKS, findFaults, goToPage } from '../../support/console/drive.ts'
import { cli } from '../../support/run-cli.ts'
import { TrialFolder } from '../../support/trial-folder.ts'

const SIZE = { topics: 60, partitions: 240, groups: 12 }
const SLOW_MS = 300_000
const WIDE = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' as const }

describe.skipIf(!hasBrowser())('the console in a real browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  }, SLOW_MS)
  afterAll(() => browser.close())

  const open = async () => {
    const page = await browser.newPage({ ...WIDE, locale: 'en-US' })
    page.setDefaultTimeout(90_000)
    return page
  }

  test.each(LOOKS)(
    'every page has no finding of axe, and nothing runs out of it: $size and $theme',
    async (look) => {
      await using stage = await startConsoleStage(SIZE)
      using folder = new TrialFolder()
      const driver = await ConsoleDriver.open(browser, stage.api, { folder: folder.path })
      await driver.lookAround([look])
      expect(driver.violations).toEqual([])
      expect(driver.errors).toEqual([])
      await driver.close()
    },
    SLOW_MS,
  )

  test(
    'what is offered to be copied are commands of the program',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      using folder = new TrialFolder()
      const driver = await ConsoleDriver.open(browser, stage.api, { folder: folder.path })
      const pages = ['', 'flows', 'groups', 'move', 'drills', 'divergence', 'security', 'runbooks', 'history']
      for (const page of [
        ...pages,
        'runbooks/region-lost?group=orders&to=east',
        'operations/orders/orders-0123456789abcdef',
      ]) {
        await driver.goTo(page)
        await driver.readCommands()
      }
      await driver.close()
      expect(driver.commands.size).toBeGreaterThan(pages.length)
      const refused: string[] = []
      for (const command of driver.commands) {
        const words = parseWords(command)
        if (typeof words === 'string') refused.push(`${command}: ${words}`)
        else if ((await tryCommand(words.slice(1))) === EXIT.usage) refused.push(command)
      }
      expect(refused).toEqual([])
    },
    SLOW_MS,
  )

  test(
    'the checks of a runbook are run from its page, and what was found is shown for as long as it was asked so',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      await goTo(page, stage.api, 'runbooks')
      await page.getByRole('link', { name: 'Move a failover group to another region, on purpose' }).click()
      const run = page.getByRole('button', { name: 'Run the checks' })
      await page.getByLabel(/^group:/).fill('orders')
      expect(await run.isDisabled()).toBe(true)
      await page.getByLabel(/^to:/).fill('east')
      await run.click()
      await page.getByText(/^\d+ checks? of \d+ not green\.$/).waitFor()
      await page
        .getByText(/^does not hold$/)
        .first()
        .waitFor()
      await page.getByText('isthmus plan orders --to east --output json', { exact: true }).waitFor()
      expect(await findFaults(page)).toEqual([])
      await page.setViewportSize({ width: 390, height: 844 })
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await findFaults(page)).toEqual([])
      await page.getByLabel(/^to:/).fill('north')
      await page
        .getByText(/^does not hold$/)
        .first()
        .waitFor({ state: 'detached' })
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a runbook is walked through block by block, and its record stands in the page and has a link',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      await goTo(page, stage.api, 'runbooks/planned-switchover?group=orders')
      expect(await page.getByRole('button', { name: 'Run group', exact: true }).isDisabled()).toBe(true)
      await page.getByLabel(/^to:/).fill('east')
      await page.getByRole('button', { name: 'Run group', exact: true }).click()
      await page.getByText('done: group was green').waitFor()
      await page.getByRole('button', { name: 'Run regions', exact: true }).click()
      await page.getByText('done: regions was green').waitFor()

      // What acts asks for the name of the group first; what moves it leads to where its plan and guards are shown.
      await page.getByText('Run plan here', { exact: true }).click()
      const act = page.getByRole('button', { name: 'Run plan', exact: true })
      const form = page.locator('form', { has: act })
      await form.getByLabel('Who asks').fill('ada')
      expect(await act.isDisabled()).toBe(true)
      await form.getByLabel('Type orders').fill('orders')
      await act.click()
      await page.getByText('done: plan was green').waitFor()
      expect(await page.getByText('Run move here').count()).toBe(0)
      expect(await page.getByRole('link', { name: 'Plan and order this move here' }).count()).toBe(2)
      expect(await findFaults(page)).toEqual([])

      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save the record' }).click()
      const [saved] = [JSON.parse(await readAll(await (await download).createReadStream()))]
      expect(saved.blocks.map(({ block }: { block: string }) => block)).toEqual(['group', 'regions', 'plan'])
      expect(saved.params.from).toBe('west')

      // The link shows the same record, elsewhere as well, and what is said otherwise begins another one.
      await goTo(page, stage.api, 'runbooks')
      await page
        .getByRole('region', { name: 'Runs of runbooks' })
        .getByRole('link', { name: 'planned-switchover' })
        .click()
      await page.getByText('3 blocks carried out').waitFor()
      await page.getByLabel(/^to:/).fill('north')
      await page.getByText('Nothing was carried out yet.').waitFor()
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'a viewer looks at a runbook and runs its checks, and is told why no block is carried out',
    async () => {
      const { token, hash } = createToken()
      const tokens = [{ name: 'vera', role: 'viewer' as const, hash, hashFile: null, expiresAtMs: null }]
      await using stage = await startConsoleStage(SIZE, { anonymous: 'none', tokens })
      const page = await open()
      await page.goto(`${stage.api}/console/#/runbooks/planned-switchover?group=orders&to=east`)
      await page.getByLabel('Token').fill(token)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('button', { name: 'Run the checks' }).click()
      await page.getByText(/not green\.$|^Every check is green\.$/).waitFor()
      await page.getByText('This needs the role operator; you have viewer.').first().waitFor()
      expect(await page.getByRole('button', { name: 'Run group', exact: true }).isDisabled()).toBe(true)
      await page.close()
    },
    SLOW_MS,
  )

  test(
    'incidents stand with the group that they are of, and the sum over replicators with the group they copy for',
    async () => {
      await using stage = await startConsoleStage(SIZE)
      const page = await open()
      const { replicator, seen } = stage
      const all = replicator.links.splice(0)
      await goTo(page, stage.api, '')
      const group = page.getByRole('region', { name: 'orders', exact: true })
      await group.getByText('What you would lose at east is not known: no process tells of a copy to it.').waitFor()
      const copies = (openIncidents: number) =>
        new Map(
          all.map(({ link }) => [
            String(link),
            {
              flows: 30,
              allFlows: 60,
              unknownFlows: 0,
              lagRecords: 7,
              lagSeconds: 2,
              seenSecondsAgo: 0.5,
              openIncidents,
            },
          ]),
        )
      const report = { standsIn: null, sequence: 1, doubt: null, sees: new Map() }
      seen.heard = ['a', 'b'].map((vantage) => ({ report: { ...report, vantage, copies: copies(0) }, ageMs: 500 }))
      await group
        .getByText('east would lack 14 records, the oldest 2.0 s old. That is the sum of 2 processes.')
        .waitFor()
      await page.getByText('This process copies nothing; others do.').waitFor()
      await group.locator('.lead').getByText('as it should be').waitFor()
      seen.heard = ['a', 'b'].map((vantage) => ({ report: { ...report, vantage, copies: copies(1) }, ageMs: 500 }))
      await group.locator('.lead').getByText('4 incidents to acknowledge').waitFor()
      expect(await findFaults(page)).toEqual([])
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
      await page.getByText(/^not known: the API last answered \d+ s ago/).waitFor()
      await page
        .getByText(/old: as of \d+ s ago/)
        .first()
        .waitFor()
      await page.close()
    },
    SLOW_MS,
  )
})

/** Until the page has what it asked the API for, and its age. */
async function goTo(page: Page, api: string, name: string): Promise<void> {
  await goToPage(page, api, name)
  await page.locator('.panel-head .age').first().waitFor()
}

/** Whatever it comes to where nobody answers, whoever is asked says nothing, and nothing is waited for. */
async function tryCommand(words: readonly string[]): Promise<number> {
  const fetch = () => Promise.reject(new Error('nobody answers'))
  return (await cli(words, { io: { fetch, ask: async () => '', signal: AbortSignal.abort() } })).code
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
