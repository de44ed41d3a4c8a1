import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { findViolations } from './axe.ts'

/** What a person does with the console, done by a browser: only what is on the page is looked at and pressed. */
export interface Move {
  readonly kind: 'switchover' | 'failback'
  readonly group: string
  readonly to: string
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
const WORDS = { switchover: 'Switchover:', failback: 'Failback:' }
const ACTION_LIMIT_MS = 90_000
/** Guards see that a region is lost only when it has been for a while. */
const ORDER_LIMIT_MS = 120_000
const REPLAN_MS = 1_500

export class ConsoleDriver {
  readonly #page: Page
  readonly #api: string
  readonly #folder: string
  /** Of every page and look. */
  readonly violations: string[] = []
  /** What the browser said in error. */
  readonly errors: string[] = []
  /** Offered to be copied, of the pages whose commands were read. */
  readonly commands = new Set<string>()
  screenshots = 0

  /** `folder`: where screenshots go. */
  static async open(browser: Browser, api: string, folder: string): Promise<ConsoleDriver> {
    const page = await browser.newPage({ viewport: SIZES.wide, locale: 'en-US' })
    page.setDefaultTimeout(ACTION_LIMIT_MS)
    mkdirSync(folder, { recursive: true })
    return new ConsoleDriver(page, api, folder)
  }

  private constructor(page: Page, api: string, folder: string) {
    this.#page = page
    this.#api = api
    this.#folder = folder
    page.on('pageerror', ({ message }) => this.errors.push(message))
    page.on('console', (message) => void (message.type() === 'error' && this.errors.push(message.text())))
  }

  async goTo(hash: string): Promise<void> {
    await goToPage(this.#page, this.#api, hash)
  }

  /** Every page that the navigation leads to: axe, and a picture of each. `prefix`: of the pictures' names. */
  async lookAround(looks: readonly Look[], prefix = ''): Promise<void> {
    await this.goTo('')
    const names = await listPages(this.#page)
    for (const look of looks) {
      await this.#appear(look)
      for (const name of names) {
        await this.goTo(name)
        await this.look(`${prefix}${name === '' ? 'overview' : name}-${look.size}-${look.theme}`)
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
    this.violations.push(...(await findFaults(this.#page)).map((one) => `${name}: ${one}`))
    await this.#page.screenshot({ path: join(this.#folder, `${name}.png`), fullPage: true })
    this.screenshots++
  }

  /** What stands in the page to be copied. */
  async readCommands(): Promise<void> {
    const offered = await this.#page.locator('main code:not(.block-text)').allTextContents()
    for (const text of offered) if (text.startsWith('isthmus ')) this.commands.add(text)
  }

  /** Plans and orders it, and resolves on the page of the operation. Where a guard objects meanwhile, it plans again. */
  async order({ kind, group, to }: Move): Promise<void> {
    const page = this.#page
    await this.goTo(`move?group=${group}`)
    await page.getByText(WORDS[kind]).click()
    await page.getByRole('combobox', { name: 'To', exact: true }).selectOption(to)
    const deadlineMs = performance.now() + ORDER_LIMIT_MS
    for (let plans = 1; ; plans++) {
      await page.getByRole('button', { name: 'Plan it' }).click()
      const verdict = page.getByText(/^(Nothing stops it|Stopped by .*)$/)
      await verdict.waitFor()
      const said = await verdict.innerText()
      if (plans === 1) await this.look(`plan-${kind}`)
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

  /** The state that the page of the operation shows at its end. */
  async untilEnded(limitMs: number): Promise<string> {
    const lead = leadOf(this.#page, 'done|rolled-back|needs-operator|superseded')
    await lead.waitFor({ timeout: limitMs })
    return (await lead.innerText()).split(' ')[0] ?? ''
  }

  async close(): Promise<void> {
    await this.#page.close()
  }
}

/** Until the page has what it asked the API for. */
export async function goToPage(page: Page, api: string, hash: string): Promise<void> {
  await page.goto(`${api}/console/#/${hash}`)
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
  return page.locator('.lead', { hasText: new RegExp(`^(${states}) at`) })
}
