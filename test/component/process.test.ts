import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
let folder = ''
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

async function start(text: string, args: readonly string[] = []) {
  const file = join(folder, 'isthmus.yaml')
  await writeFile(file, text)
  const child = spawn(process.execPath, [main, 'run', '--config', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

/** Nothing listens on port 9: the links keep trying. */
const CONFIG = `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["127.0.0.1:9"] }, { name: us, bootstrap: ["127.0.0.1:9"] }]
links: [{ name: eu-to-us, source: eu, target: us, topics: { include: ["*"] } }]
api: { listen: "127.0.0.1:0", anonymous: viewer }
`

test('a process whose regions are down serves its status, and ends gracefully on SIGTERM', async () => {
  const child = await start(CONFIG)
  let address = ''
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    const entry = JSON.parse(line) as { address?: string }
    if (entry.address === undefined) continue
    address = entry.address
    break
  }
  expect((await fetch(`${address}/healthz`)).status).toBe(200)
  expect((await fetch(`${address}/readyz`)).status).toBe(503)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
})

test('a wrong configuration ends with 2 and names every problem', async () => {
  const child = await start(
    CONFIG.replace('target: us', 'target: uss').replace('127.0.0.1:0", anonymous: viewer', '0.0.0.0:80"'),
  )
  const ended = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stderr ?? []) text += String(chunk)
  expect((await ended)[0]).toBe(2)
  expect(text).toContain('did you mean us?')
  expect(text).toContain('add api.auth')
})

test('an agent that stands nowhere, or in a region of no failover group, ends with 2', async () => {
  for (const [args, problem] of [
    [[], 'no region is named'],
    [['--region', 'eu'], '"eu" is no region of a failover group'],
  ] as const) {
    const child = await start(CONFIG, ['--role', 'agent', ...args])
    const ended = once(child, 'exit')
    let text = ''
    for await (const chunk of child.stderr ?? []) text += String(chunk)
    expect((await ended)[0]).toBe(2)
    expect(text).toContain(problem)
  }
})
