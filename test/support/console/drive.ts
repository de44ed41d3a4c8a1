import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { findViolations } from './axe.ts'

/** What a person does with the console, done by a browser: only what is on the page is looked at and pressed. */
export interface Move {
  readonly kind: 'switchover' | 'failback' | 'failover'
  readonly group: string
  readonly to: string
}

const PAGES = ['', 'map', 'flows', 'groups', 'move', 'drills', 'divergence', 'history']
const WORDS = { switchover: 'Switchover:', failback: 'Failback:', failover: 'Failover:' }
const PLAN_LIMIT_MS = 90_000
const PLANS_MAX = 6

export class ConsoleDriver {
  readonly #page: Page
  readonly #api: string
  readonly #folder: string
  /** Of every page and theme that was looked at. */
  readonly violations: string[] = []
  /** What the browser said in error. */
  readonly errors: string[] = []
  screenshots = 0

  /** `folder`: where screenshots go. */
  static async open(browser: Browser, api: string, folder: string): Promise<ConsoleDriver> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    page.setDefaultTimeout(60_000)
    mkdirSync(folder, { recursive: true })
    return new ConsoleDriver(page, api, folder)
  }

  private constructor(page: Page, api: string, folder: string) {
    this.#page = page
    this.#api = api
    this.#folder = folder
    page.on('pageerror', ({ message }) => this.errors.push(message))
  }

  async goTo(hash: string): Promise<void> {
    await this.#page.goto(`${this.#api}/console/#/${hash}`)
    await this.#page.locator('section.panel').first().waitFor()
    await this.#page.getByText('Asking the API.').first().waitFor({ state: 'detached' })
  }

  /** Every page in both themes: axe, and a picture of each. */
  async lookAround(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.#page.emulateMedia({ colorScheme })
      for (const name of PAGES) {
        await this.goTo(name)
        await this.look(`${name === '' ? 'overview' : name}-${colorScheme}`)
      }
    }
    await this.#page.emulateMedia({ colorScheme: 'light' })
  }

  /** The page as it stands. */
  async look(name: string): Promise<void> {
    this.violations.push(...(await findViolations(this.#page)).map((one) => `${name}: ${one}`))
    await this.#page.screenshot({ path: join(this.#folder, `${name}.png`), fullPage: true })
    this.screenshots++
  }

  /** Plans and orders it, and resolves on the page of the operation. Where a guard objects meanwhile, it plans again. */
  async order({ kind, group, to }: Move): Promise<void> {
    const page = this.#page
    await this.goTo(`move?group=${group}`)
    await page.getByText(WORDS[kind]).click()
    await page.getByRole('combobox', { name: 'To', exact: true }).selectOption(to)
    for (let plans = 1; ; plans++) {
      await page.getByRole('button', { name: 'Plan it' }).click()
      await page.getByText(/^(Nothing stops it|Stopped by .*)$/).waitFor({ timeout: PLAN_LIMIT_MS })
      if (plans === 1) await this.look(`plan-${kind}`)
      await page.getByLabel('Who asks').fill('trial')
      await page.getByLabel('Why, for those').fill('a trial')
      await page.getByLabel(`Type ${group}`).fill(group)
      const button = page.getByRole('button', { name: `${kind} to ${to}` })
      if (await button.isEnabled()) {
        await button.click()
        const heading = page.getByRole('heading', { name: `${kind} of ${group}` })
        const refusal = page.getByRole('alert')
        await heading.or(refusal).first().waitFor()
        if (await heading.isVisible()) return
      }
      if (plans === PLANS_MAX) throw new Error(`the page does not let ${kind} to ${to} begin`)
      await page.waitForTimeout(3_000)
    }
  }

  /** Presses abort on the page of the operation. False where it is past its commit, and the page offers none. */
  async abort(): Promise<boolean> {
    const page = this.#page
    const ask = page.getByText('Abort it', { exact: true })
    const ended = page.locator('.lead', { hasText: /^(done|rolled-back) at/ })
    await ask.or(ended).first().waitFor()
    if (!(await ask.isVisible())) return false
    await ask.click()
    await page.getByLabel('Who asks').fill('trial')
    await page.getByLabel('Why, for those').fill('not now')
    await page.getByRole('button', { name: 'Abort the move' }).click()
    return true
  }

  /** The state that the page of the operation shows at its end. */
  async untilEnded(limitMs: number): Promise<string> {
    const lead = this.#page.locator('.lead', { hasText: /^(done|rolled-back|needs-operator|superseded) at/ })
    await lead.waitFor({ timeout: limitMs })
    return (await lead.innerText()).split(' ')[0] ?? ''
  }

  /** Begins a drill and resolves with the outcome that the page shows. */
  async drill(group: string, level: string, limitMs: number): Promise<string> {
    const page = this.#page
    await this.goTo(`drills?group=${group}`)
    await page.getByText(new RegExp(`^${level}:`, 'i')).click()
    await page.getByLabel('Who asks').fill('trial')
    await page.getByLabel('Why, for those').fill('a trial')
    await page.getByRole('button', { name: 'Begin the drill' }).click()
    const outcome = page
      .locator('tbody tr')
      .first()
      .getByText(/^(passed|failed|interrupted|skipped)$/)
    await outcome.waitFor({ timeout: limitMs })
    return outcome.innerText()
  }

  async close(): Promise<void> {
    await this.#page.close()
  }
}
