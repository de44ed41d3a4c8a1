import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { systemClock } from '../../../src/core/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'isthmus-cli-'))
const ada = createToken()
const tokens = [{ name: 'ada', role: 'viewer' as const, hash: ada.hash, hashFile: null, expiresAtMs: null }]
let control: Awaited<ReturnType<typeof startFakeControl>>

beforeAll(async () => {
  control = await startFakeControl({ api: { anonymous: 'none', tokens } })
})
afterAll(async () => {
  await control[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}
const status = (env: Record<string, string>, ...args: string[]) => cli(['regions', ...args], { io: { env } })

test('a token comes from the environment, from a file, or from the settings of the person', async () => {
  const ISTHMUS_API = control.api
  expect(await status({ ISTHMUS_API })).toMatchObject({ code: 2, err: expect.stringContaining('API_UNAUTHENTICATED') })
  expect((await status({ ISTHMUS_API, ISTHMUS_TOKEN: ada.token })).code).toBe(0)
  const tokenFile = write('ada.token', `${ada.token}\n`)
  expect((await status({ ISTHMUS_API }, '--token-file', tokenFile)).code).toBe(0)
  expect((await status({ ISTHMUS_API, ISTHMUS_TOKEN_FILE: tokenFile })).code).toBe(0)
  mkdirSync(join(folder, '.config', 'isthmus'), { recursive: true })
  write('.config/isthmus/cli.yaml', `api: ${control.api}\ntokenFile: ../../ada.token\n`)
  expect((await status({ HOME: folder })).code).toBe(0)
  // What is said for this command goes before all of it.
  const elsewhere = await status({ HOME: folder, ISTHMUS_API: 'http://127.0.0.1:9' })
  expect(elsewhere).toMatchObject({ code: 4, err: expect.stringContaining('127.0.0.1:9') })
})

test.each([
  ['a file that is not there', { ISTHMUS_TOKEN_FILE: '/nowhere' }, 'CLI_FILE_UNREADABLE'],
  ['a token of two lines', { ISTHMUS_TOKEN: 'a\nb' }, 'CLI_TOKEN_INVALID'],
  ['settings that are not there', { ISTHMUS_CLI: '/nowhere' }, 'CLI_SETTINGS_INVALID'],
  ['a token on an open line', { ISTHMUS_TOKEN: ada.token, ISTHMUS_API: 'http://isthmus.example' }, 'CLI_TOKEN_EXPOSED'],
  [
    'a token to a name like ours',
    { ISTHMUS_TOKEN: ada.token, ISTHMUS_API: 'http://127.0.0.1.example' },
    'CLI_TOKEN_EXPOSED',
  ],
])('%s is said before anything is sent', async (_what, env, code) => {
  const sent: unknown[] = []
  const io = { env, fetch: (async (...request: unknown[]) => void sent.push(request)) as unknown as typeof fetch }
  expect(await cli(['regions'], { io })).toMatchObject({ code: 2, err: expect.stringContaining(code) })
  expect(sent).toEqual([])
})

test('settings that cannot be read are named without what is in them', async () => {
  const broken = await status({ ISTHMUS_CLI: write('broken.yaml', `token: "${ada.token}\n  x: [`) })
  expect(broken).toMatchObject({ code: 2, err: expect.stringContaining('it is not YAML') })
  const strange = await status({ ISTHMUS_CLI: write('strange.yaml', `token: ${ada.token}\n`) })
  expect(strange).toMatchObject({ code: 2, err: expect.stringContaining('token is none of api, tokenFile') })
})

test('a request that came too soon is sent again, and nothing else is', async () => {
  const statuses = [429, 429, 503]
  let calls = 0
  const answer = async () => {
    const code = statuses[calls++] ?? 500
    return new Response(JSON.stringify({ code: 'X', title: 'too many', status: code }), { status: code })
  }
  const clock = {
    ...systemClock,
    setTimer: (ms: number, action: () => void) => systemClock.setTimer(ms < 5_000 ? 1 : ms, action),
  }
  const io = { clock, fetch: answer as unknown as typeof fetch }
  expect((await cli(['regions'], { io })).code).toBe(4)
  expect(calls).toBe(3)
})

test('a token is made without asking anybody, and only it is on standard output', async () => {
  const made = createToken()
  const verbs = { createToken: () => Promise.resolve(made) }
  const { code, out, err } = await cli(['token', 'create', '--name', 'ci', '--role', 'operator'], { verbs })
  expect({ code, out }).toEqual({ code: 0, out: `${made.token}\n` })
  expect(err).toContain(`- { name: ci, role: operator, hash: "${made.hash}" }`)
  expect(err).not.toContain(made.token)
  expect((await cli(['token', 'create', '--name', 'ci', '--role', 'root'])).code).toBe(2)
  expect((await cli(['regions', '--token', made.token])).err).toContain('unknown option')
})
