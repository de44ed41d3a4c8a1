import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { findViolations } from './axe.ts'

/** What a person does with the console, done by a browser: only what is on the page is looked at and pressed. */
export interface Move {
  readonly kind: 'switchover' | 'failback' | 'failover'
  readonly group: string
  readonly to: string
  /** Called once it is planned, before it is ordered. */
  readonly beforeOrder?: () => void
}

export interface Look {
  readonly size: keyof typeof SIZES
  readonly theme: 'light' | 'dark'
}

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const
const WIDE_LIGHT: Look = { size: 'wide', theme: 'light' }
/** Each theme and each size once. */
export const LOOKS: readonly Look[] = [WIDE_LIGHT, { size: 'phone', theme: 'dark' }]
/** All four of them. */
export const EVERY_LOOK: readonly Look[] = [
  ...LOOKS,
  { size: 'wide', theme: 'dark' },
  { size: 'phone', theme: 'light' },
]
/**
 * An order that the API refuses is shown on the page, which plans again. The network of the machine changes with every
 * container that comes or goes, and the browser then gives up what it had asked for; the page asks again.
 */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED'
const NO_ERROR = new RegExp(`${NETWORK_CHANGED}|status of (409|412)`)
const WORDS = { switchover: 'Switchover:', failback: 'Failback:', failover: 'Failover:' }
const A_RUNBOOK = 'runbooks/region-lost'
const ACTION_LIMIT_MS = 90_000
/** Guards see that a region is lost only when it has been for a while. */
const ORDER_LIMIT_MS = 120_000
const REPLAN_MS = 1_500

export class ConsoleDriver {
  readonly #page: Page
  readonly #api: string
  readonly #folder: string
  readonly #looks: readonly Look[]
  /** Of every page and look. */
  readonly violations: string[] = []
  /** What the browser said in error. */
  readonly errors: string[] = []
  /** Offered to be copied, of the pages whose commands were read. */
  readonly commands = new Set<string>()
  screenshots = 0

  /** `folder`: where screenshots go. `looks`: those of the moments that `look` is called at. */
  static async open(
    browser: Browser,
    api: string,
    { folder, looks = [WIDE_LIGHT] }: { readonly folder: string; readonly looks?: readonly Look[] },
  ): Promise<ConsoleDriver> {
    const page = await browser.newPage({ viewport: SIZES.wide, locale: 'en-US' })
    page.setDefaultTimeout(ACTION_LIMIT_MS)
    mkdirSync(folder, { recursive: true })
    return new ConsoleDriver(page, { api, folder, looks })
  }

  private constructor(
    page: Page,
    { api, folder, looks }: { readonly api: string; readonly folder: string; readonly looks: readonly Look[] },
  ) {
    this.#page = page
    this.#api = api
    this.#folder = folder
    this.#looks = looks
    page.on('pageerror', ({ message }) => this.errors.push(message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !NO_ERROR.test(message.text())) this.errors.push(message.text())
    })
  }

  async goTo(hash: string): Promise<void> {
    await goToPage(this.#page, this.#api, hash)
  }

  /** Every page that the navigation leads to, and one below it: axe, and a picture of each. `prefix`: of their names. */
  async lookAround(looks: readonly Look[], prefix = ''): Promise<void> {
    await this.goTo('')
    const names = [...(await listPages(this.#page)), A_RUNBOOK]
    for (const look of looks) {
      await this.#appear(look)
      for (const name of names) {
        await this.goTo(name)
        await this.#picture(`${prefix}${name === '' ? 'overview' : name.replace('/', '-')}`, look)
      }
    }
    await this.#appear(WIDE_LIGHT)
  }

  async #appear({ size, theme }: Look): Promise<void> {
    await this.#page.setViewportSize(SIZES[size])
    await this.#page.emulateMedia({ colorScheme: theme })
  }

  /** The page as it stands. */
  async look(name: string): Promise<void> {
    for (const look of this.#looks) {
      await this.#appear(look)
      await this.#picture(name, look)
    }
    await this.#appear(WIDE_LIGHT)
  }

  async #picture(of: string, { size, theme }: Look): Promise<void> {
    const name = `${of}-${size}-${theme}`
    this.violations.push(...(await findFaults(this.#page)).map((one) => `${name}: ${one}`))
    // What sticks to the top of the window would be drawn where that stands.
    await this.#page.evaluate('scrollTo(0, 0)')
    await this.#page.screenshot({ path: join(this.#folder, `${name}.png`), fullPage: true })
    this.screenshots++
  }

  /** What the overview thinks of a group: its mark, without the sentence. */
  async readVerdict(group: string): Promise<string> {
    await this.goTo('')
    const panel = this.#page.getByRole('region', { name: group, exact: true })
    return panel.locator('.lead .mark').innerText()
  }

  /** What stands in the page to be copied. */
  async readCommands(): Promise<void> {
    const offered = await this.#page.locator('main code:not(.block-text)').allTextContents()
    for (const text of offered) if (text.startsWith('isthmus ')) this.commands.add(text)
  }

  /** Plans and orders it, and resolves on the page of the operation. Where a guard objects meanwhile, it plans again. */
  async order({ kind, group, to, beforeOrder }: Move): Promise<void> {
    const page = this.#page
    await this.goTo(`move?group=${group}`)
    await page.getByText(WORDS[kind]).click()
    await page.getByRole('combobox', { name: 'To', exact: true }).selectOption(to)
    if (kind === 'failover') await page.getByLabel('What it may lose').check()
    const deadlineMs = performance.now() + ORDER_LIMIT_MS
    for (let plans = 1; ; plans++) {
      await page.getByRole('button', { name: 'Plan it' }).click()
      const verdict = page.getByText(/^(Nothing stops it|Stopped by .*)$/)
      await verdict.waitFor()
      const said = await verdict.innerText()
      if (plans === 1) await this.look(`plan-${kind}`)
      beforeOrder?.()
      if (said === 'Nothing stops it' && (await this.#press(`${kind} to ${to}`, group))) break
      if (performance.now() > deadlineMs) throw new Error(`the page does not let ${kind} to ${to} begin: ${said}`)
      await page.waitForTimeout(REPLAN_MS)
    }
    await page.getByRole('heading', { name: `${kind} of ${group}` }).waitFor()
  }

  /** Says who and why, types the name of the group where that is asked for, and presses. False where it is refused. */
  async #press(button: string, group: string): Promise<boolean> {
    const page = this.#page
    const form = page.locator('form', { has: page.getByRole('button', { name: button, exact: true }) })
    await form.getByLabel('Who asks').fill('trial')
    await form.getByLabel('Why, for those').fill('a trial')
    const name = form.getByLabel(`Type ${group}`)
    if (await name.isVisible()) await name.fill(group)
    const before = page.url()
    await form.getByRole('button', { name: button, exact: true }).click()
    const taken = form.getByText('The API has taken it').or(form.getByRole('alert')).first()
    await Promise.race([taken.waitFor(), page.waitForURL((url) => url.href !== before)])
    return page.url() !== before || !(await form.getByRole('alert').isVisible())
  }

  /** Presses abort on the page of the operation. False where it is past its commit, and the page offers none. */
  async abort(): Promise<boolean> {
    const page = this.#page
    const ask = page.getByText('Abort it', { exact: true })
    const late = page.getByText('It is past its commit').or(leadOf(page, 'done|rolled back'))
    await ask.or(late).first().waitFor()
    if (!(await ask.isVisible())) return false
    await ask.click()
    return this.#press('Abort the move', '')
  }

  /** The state that the page of the operation shows at its end. */
  async untilEnded(limitMs: number): Promise<string> {
    const lead = leadOf(this.#page, 'done|rolled back|needs a person|superseded')
    await lead.waitFor({ timeout: limitMs })
    return /^[^:,]*/.exec(await lead.innerText())?.[0] ?? ''
  }

  /** Says what becomes of what only this region has, as soon as the page knows that. */
  async choose(
    choice: string,
    { group, region }: { readonly group: string; readonly region: string },
    limitMs: number,
  ) {
    const page = this.#page
    await this.goTo('divergence')
    const radio = page.getByRole('radio', { name: new RegExp(`^${choice}:`) })
    await radio.waitFor({ timeout: limitMs })
    await page.getByRole('heading', { name: `What only ${region} has of ${group}` }).waitFor()
    await this.look('divergence-found')
    await radio.check()
    const older = page.getByText('below the fork may be destroyed as well')
    if (await older.isVisible()) await older.click()
    if (!(await this.#press(`Choose ${choice}`, group))) throw new Error(`the choice ${choice} was refused`)
    await page.getByText('No region was lost').waitFor({ timeout: limitMs })
  }

  /** Begins a drill and resolves with the outcome that the page shows. */
  async drill(group: string, level: string, limitMs: number): Promise<string> {
    const page = this.#page
    await this.goTo(`drills?group=${group}`)
    await page.getByText(new RegExp(`^${level}:`, 'i')).click()
    if (!(await this.#press('Begin the drill', group))) return 'refused'
    const row = page.getByRole('region', { name: 'Drills, the newest first' }).locator('tbody tr').first()
    const outcome = row.getByText(/^(passed|failed|interrupted|skipped)$/)
    await outcome.waitFor({ timeout: limitMs })
    await row.getByRole('link').click()
    await page.getByRole('heading', { name: `Drill ${level}` }).waitFor()
    return outcome.innerText()
  }

  async close(): Promise<void> {
    await this.#page.close()
  }
}

/** Until the page has what it asked the API for. */
export async function goToPage(page: Page, api: string, hash: string): Promise<void> {
  const url = `${api}/console/#/${hash}`
  await page.goto(url).catch((error: unknown) => {
    if (!String(error).includes(NETWORK_CHANGED)) throw error
    return page.goto(url)
  })
  await page.locator('main section.panel').first().waitFor()
  await page.getByText('Asking the API.').first().waitFor({ state: 'detached' })
}

/** Names of the pages that the navigation leads to; that of the overview is empty. */
async function listPages(page: Page): Promise<string[]> {
  const links = `[...document.querySelectorAll('nav.nav a')].map((link) => link.getAttribute('href').replace('#/', ''))`
  return page.evaluate<string[]>(links)
}

/** Findings of axe, and whatever runs out of the page to the side. */
export async function findFaults(page: Page): Promise<string[]> {
  const over = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'))
  return [...(await findViolations(page)), ...(over > 0 ? [`it is ${over} px too wide`] : [])]
}

function leadOf(page: Page, states: string) {
  return page.locator('.lead', { hasText: new RegExp(`^(${states})[:,]`) })
}
