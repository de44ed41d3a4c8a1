import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/index.ts'
import { CommandRuns } from '../../../src/security/fences/command-runs.ts'
import { runProgram } from '../../../src/security/fences/run-program.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-program-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const shell = (script: string, timeoutMs = 15_000) => ({
  argv: ['/bin/sh', '-c', `cd ${folder}\n${script}`],
  env: process.env,
  timeoutMs,
  clock: systemClock,
})
const never = new AbortController().signal
const beats = () => (existsSync(join(folder, 'beats')) ? readFileSync(join(folder, 'beats')).length : 0)
/** Holds the output of its leader, and says that it lives; without end, did the test not end it. */
const HOLDER = `trap 'exit 1' TERM\n(trap '' TERM; for beat in $(seq 400); do echo >> beats; sleep 0.05; done) &`

async function expectGone(): Promise<void> {
  const before = beats()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(beats()).toBe(before)
}

test('a program that leaves a child with its output in the background has ended, and the child goes on', async () => {
  const run = shell(`(for beat in $(seq 30); do echo >> beats; sleep 0.05; done) &\necho ready; exit 4`)
  expect(await runProgram(run, never)).toEqual({ kind: 'ran', code: 4, output: 'ready\n' })
  const before = beats()
  await expect.poll(beats).toBeGreaterThan(before)
  // It says no more once it has ended: the folder is removed under nothing.
  await expect.poll(beats, { timeout: 10_000 }).toBe(30)
})

test('a late program is ended as a whole, though its leader has gone and what is left ignores the asking', async () => {
  expect(await runProgram(shell(`${HOLDER}\nwait`, 300), never)).toEqual({ kind: 'late' })
  expect(beats()).toBeGreaterThan(0)
  await expectGone()
})

test('a late program that says nothing to anybody is ended as a whole as well', async () => {
  const quiet = HOLDER.replace(/&$/, '> /dev/null 2>&1 &')
  expect(await runProgram(shell(`${quiet}\nwait`, 300), never)).toEqual({ kind: 'late' })
  expect(beats()).toBeGreaterThan(0)
  await expectGone()
})

test('the opposite runs once what is stopped for it has ended', async () => {
  const runs = new CommandRuns()
  const asked = (purpose: string, script: string) => ({
    group: 'eu',
    purpose,
    program: shell(script),
    permit: undefined,
  })
  expect(await runs.join(asked('open', `${HOLDER}\nwait`), 300, never)).toMatchObject({ kind: 'running' })
  expect(await runs.join(asked('close', 'echo closed'), 5_000, never)).toMatchObject({
    kind: 'ran',
    output: 'closed\n',
  })
  expect(beats()).toBeGreaterThan(0)
  await expectGone()
})
