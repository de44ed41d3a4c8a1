import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/**
 * A real Chromium: the one that ISTHMUS_BROWSER names, one that is installed, else the one that npm brings. Of that one
 * only the program is used, never its arguments, which switch web security off.
 */
const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function openBrowser(): Promise<Browser> {
  // Within a container there is no sandbox; the pages are our own.
  return chromium.launch({ executablePath: await findBrowser(), args: ['--no-sandbox'] })
}

async function findBrowser(): Promise<string> {
  const named = process.env['ISTHMUS_BROWSER']
  if (named !== undefined && named !== '') return named
  const installed = INSTALLED.find((path) => existsSync(path))
  if (installed !== undefined) return installed
  // With this it unpacks the libraries that a small machine lacks.
  process.env['AWS_LAMBDA_JS_RUNTIME'] ??= 'nodejs22.x'
  const { default: packed } = await import('@sparticuz/chromium')
  return packed.executablePath()
}

/** Whether there is a browser; the one that npm brings is for Linux on x64. */
export function hasBrowser(): boolean {
  const isPacked = process.platform === 'linux' && process.arch === 'x64'
  return isPacked || (process.env['ISTHMUS_BROWSER'] ?? '') !== '' || INSTALLED.some((path) => existsSync(path))
}
