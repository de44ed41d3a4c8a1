import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, pause } from '../../core/index.ts'
import type { FeedView } from '../sensor-feed.ts'

/** What the page is told every second. */
export interface PageState extends FeedView {
  /** Where the applications run, or ran last. */
  readonly runsIn: string
  /** All of them, in the order in which they were named. */
  readonly regions: readonly string[]
  /** Of the failover group; undefined before the controller has answered. */
  readonly group: { readonly active: string; readonly epoch: number; readonly phase: string | null } | undefined
  readonly recordsIn: number
  readonly atMs: number
}

export interface SensorPage extends AsyncDisposable {
  readonly address: string
}

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'index.html', type: 'text/html' },
  '/page.css': { file: 'page.css', type: 'text/css' },
  '/page.js': { file: 'page.js', type: 'text/javascript' },
}
const TELL_EVERY_MS = 1_000
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** A page about the sensor fleet, for this machine alone, at a free port. It outlives every region: it asks none. */
export async function serveSensorPage(state: () => PageState, clock: Clock): Promise<SensorPage> {
  const files = new Map<string, { readonly body: Buffer; readonly type: string }>()
  for (const [path, { file, type }] of Object.entries(FILES)) {
    files.set(path, { body: await readFile(new URL(file, import.meta.url)), type })
  }
  const server = createServer(({ url = '/', method }, response) => {
    const path = url.split('?')[0] ?? '/'
    const found = files.get(path)
    if (method !== 'GET') answer(response, { status: 405, type: 'text/plain', body: 'only GET\n' })
    else if (found !== undefined) answer(response, { status: 200, ...found })
    else if (path === '/state')
      answer(response, { status: 200, type: 'application/json', body: JSON.stringify(state()) })
    else if (path === '/events') void tell(response, state, clock)
    else answer(response, { status: 404, type: 'text/plain', body: `there is no ${path}\n` })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function answer(
  response: ServerResponse,
  { status, type, body }: { readonly status: number; readonly type: string; readonly body: Buffer | string },
): void {
  response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(body)
}

/** Until the page goes, or the demo ends. */
async function tell(response: ServerResponse, state: () => PageState, clock: Clock): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' })
  while (!gone.signal.aborted) {
    response.write(`data: ${JSON.stringify(state())}\n\n`)
    await pause(clock, TELL_EVERY_MS, gone.signal)
  }
}
