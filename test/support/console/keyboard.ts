import type { Locator, Page } from 'playwright-core'

/**
 * A person without a mouse: goes from one thing to the next by Tab alone. Of everything on the way it is noted where
 * nobody could see that it has the focus, and what is said to a screen reader meanwhile.
 */
const STEPS_MAX = 120
/** What it is, and the trouble with it, if any. `elementFromPoint` tells what is drawn there: a banner may lie above. */
const LOOK_AT_FOCUS = `(() => {
  const one = document.activeElement
  if (one === null || one === document.body) return { what: 'nothing', trouble: '' }
  const name = one.getAttribute('aria-label') ?? one.textContent.trim().slice(0, 60)
  const what = one.tagName.toLowerCase() + ' "' + name + '"'
  const { outlineStyle, outlineWidth } = getComputedStyle(one)
  if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return { what, trouble: 'has no outline' }
  const { left, top, right, bottom } = one.getBoundingClientRect()
  const [x, y] = [(Math.max(left, 0) + Math.min(right, innerWidth)) / 2, Math.max(top, 0) + 3]
  const isOut = right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight
  const drawn = document.elementFromPoint(x, y)
  const isCovered = drawn !== null && !one.contains(drawn) && !drawn.contains(one)
  return { what, trouble: isOut ? 'is out of sight' : isCovered ? 'is covered' : '' }
})()`
const LISTEN = `(() => {
  const heard = (globalThis.heardByReaders = [])
  const tell = (node) => {
    const region = (node instanceof Element ? node : node.parentElement)?.closest('[role=status], [role=alert]')
    const text = region?.textContent.trim() ?? ''
    if (text !== '' && heard.at(-1) !== text) heard.push(text)
  }
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      tell(target)
      for (const node of addedNodes) {
        tell(node)
        if (node instanceof Element) for (const inner of node.querySelectorAll('[role=alert]')) tell(inner)
      }
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
})()`

interface Focused {
  readonly what: string
  readonly trouble: string
}

interface InBrowser {
  readonly document: { readonly activeElement: unknown }
}

export class Keyboard {
  readonly #page: Page
  /** Where nobody could see what has the focus, one sentence each. */
  readonly unseen: string[] = []

  constructor(page: Page) {
    this.#page = page
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key)
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text)
  }

  /** By Tab, or `Shift+Tab` backwards. @throws where it cannot be reached, with what can */
  async goTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    const met: string[] = []
    for (let step = 0; step < STEPS_MAX; step++) {
      await this.press(key)
      // Behind the last element nothing has it: it leaves the page for the window of the browser.
      const { what, trouble } = await this.#page.evaluate<Focused>(LOOK_AT_FOCUS)
      if (trouble !== '') this.unseen.push(`${what} ${trouble}`)
      if (await hasFocus(target)) return
      met.push(what)
    }
    throw new Error(`Tab does not lead to ${String(target)}, but to: ${met.join(' | ')}`)
  }

  /** From now on, until another page is loaded. */
  async listen(): Promise<void> {
    await this.#page.evaluate(LISTEN)
  }

  /** What a screen reader was given to say since. */
  async heard(): Promise<readonly string[]> {
    return this.#page.evaluate<string[]>('globalThis.heardByReaders')
  }
}

export async function hasFocus(target: Locator): Promise<boolean> {
  if ((await target.count()) !== 1) return false
  return target.evaluate((one) => one === (globalThis as unknown as InBrowser).document.activeElement)
}
