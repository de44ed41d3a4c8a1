import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { findViolations } from './axe.ts'

/** A window of the console: only what is on the page is looked at and followed. */
export interface Look {
  readonly size: keyof typeof SIZES
  readonly theme: 'light' | 'dark'
}

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const
/** Each theme and each size once. */
export const LOOKS: readonly Look[] = [
  { size: 'wide', theme: 'light' },
  { size: 'phone', theme: 'dark' },
]
const ACTION_LIMIT_MS = 90_000

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

  /** `folder`: where pictures go. */
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

  /** Every page that the navigation leads to: axe, and a picture of each. */
  async lookAround({ size, theme }: Look): Promise<void> {
    await this.#page.setViewportSize(SIZES[size])
    await this.#page.emulateMedia({ colorScheme: theme })
    await this.goTo('')
    for (const name of await listPages(this.#page)) {
      await this.goTo(name)
      const picture = `${name === '' ? 'overview' : name}-${size}-${theme}`
      this.violations.push(...(await findFaults(this.#page)).map((one) => `${picture}: ${one}`))
      await this.#page.screenshot({ path: join(this.#folder, `${picture}.png`), fullPage: true })
    }
  }

  /** What stands in the page to be copied. */
  async readCommands(): Promise<void> {
    const offered = await this.#page.locator('main code:not(.block-text)').allTextContents()
    for (const text of offered) if (text.startsWith('isthmus ')) this.commands.add(text)
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

/** Findings of axe, and whatever runs out of the page to the side. */
export async function findFaults(page: Page): Promise<string[]> {
  const over = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'))
  return [...(await findViolations(page)), ...(over > 0 ? [`it is ${over} px too wide`] : [])]
}

/** Names of the pages that the navigation leads to; that of the overview is empty. */
async function listPages(page: Page): Promise<string[]> {
  const links = `[...document.querySelectorAll('nav.nav a')].map((link) => link.getAttribute('href').replace('#/', ''))`
  return page.evaluate<string[]>(links)
}
