import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEvents, regionName, systemClock } from '../../../src/core/index.ts'
import { authorityFaults } from '../../../src/authority/faults.ts'
import { CommandDoor, type GateWish, RegionGate, type SecurityEvents } from '../../../src/security/index.ts'

const TIMEOUT = { timeout: 10_000 }
const wish = (want: GateWish['want']): GateWish => ({ want, reason: `it says ${want}`, warning: undefined })

let folder = ''
let gate: RegionGate | undefined
let said: GateWish | undefined | 'silent'
const told: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-gate-'))
  told.length = 0
})
afterEach(async () => {
  await gate?.stop()
  rmSync(folder, { recursive: true })
})

/** The operator's program keeps the position in a file, and a line of each run in another. */
function begin(program: string, timeoutMs = 5_000): void {
  const file = join(folder, 'program')
  writeFileSync(file, `#!/bin/sh\ncd ${folder}\necho "$ISTHMUS_ACTION $ISTHMUS_REGION" >> runs\n${program}\n`)
  chmodSync(file, 0o755)
  const events = createEvents<SecurityEvents>()
  events.onAny((name, event) => void told.push(`${name} ${'to' in event ? event.to : ''}`.trim()))
  gate = new RegionGate({
    region: regionName('eu'),
    door: new CommandDoor({
      region: regionName('eu'),
      command: { kind: 'command', open: [file], close: [file], check: [file], timeoutMs },
      env: process.env,
      clock: systemClock,
    }),
    ask: async () => {
      if (said === 'silent') throw authorityFaults.fault('AUTHORITY_UNREACHABLE', { where: 'x', reason: 'y' })
      return said
    },
    clock: systemClock,
    events,
  })
  gate.start()
}

const position = () => gate?.status().position
const runs = () => (existsSync(join(folder, 'runs')) ? readFileSync(join(folder, 'runs'), 'utf8').split('\n') : [])
const OBEY = `case $ISTHMUS_ACTION in
  open) rm -f shut;;
  close) touch shut;;
  check) test -e shut;;
esac`

test('it follows what the authority says, and stays where it is while that is silent', async () => {
  said = wish('closed')
  begin(OBEY)
  await expect.poll(position, TIMEOUT).toBe('closed')
  expect(existsSync(join(folder, 'shut'))).toBe(true)
  said = wish('open')
  await expect.poll(position, TIMEOUT).toBe('open')
  expect(existsSync(join(folder, 'shut'))).toBe(false)
  said = 'silent'
  await expect.poll(() => gate?.status().reason, TIMEOUT).toContain('the authority says nothing now')
  expect(position()).toBe('open')
  expect(runs().filter((run) => run.startsWith('close'))).toEqual(['close eu'])
  expect(told).toEqual(['gate:moved closed', 'gate:moved open'])
})

test('what something else has opened is closed again', async () => {
  said = wish('closed')
  begin(OBEY)
  await expect.poll(position, TIMEOUT).toBe('closed')
  rmSync(join(folder, 'shut'))
  await expect.poll(() => told, TIMEOUT).toEqual(['gate:moved closed', 'gate:found', 'gate:moved closed'])
  expect(existsSync(join(folder, 'shut'))).toBe(true)
})

test('a program that fails is tried again, and told of once', async () => {
  said = wish('closed')
  begin(`test -e allowed || { echo no such table; exit 3; }\n${OBEY}`)
  await expect.poll(() => runs().length, TIMEOUT).toBeGreaterThan(3)
  expect(position()).toBe('unknown')
  expect(gate?.status().reason).toContain('ended with exit code 3: no such table')
  expect(told).toEqual(['gate:failed'])
  writeFileSync(join(folder, 'allowed'), '')
  await expect.poll(position, TIMEOUT).toBe('closed')
  expect(gate?.status().reason).toBe('it says closed')
})

const SLOW = `test $ISTHMUS_ACTION = open && exec sleep 60\n${OBEY}`

test('a program that takes its time is stopped when its opposite is wanted', async () => {
  said = wish('open')
  begin(SLOW, 60_000)
  await expect.poll(() => runs(), TIMEOUT).toContain('open eu')
  said = wish('closed')
  await expect.poll(position, TIMEOUT).toBe('closed')
})

test('a program that is late is ended, and that is told', async () => {
  said = wish('open')
  begin(SLOW, 500)
  await expect.poll(() => gate?.status().reason, TIMEOUT).toContain('no end within 500 ms')
})

test('after a start it is settled once it is told to stay as it is', async () => {
  said = 'silent'
  begin(OBEY)
  await expect.poll(() => gate?.status().reason, TIMEOUT).toContain('for the first time')
  expect(gate?.status()).toMatchObject({ position: 'unknown', isSettled: false })
  said = { ...wish('as-is'), warning: 'nothing is recorded' }
  await expect.poll(() => gate?.status().isSettled, TIMEOUT).toBe(true)
  said = 'silent'
  await expect.poll(() => gate?.status().reason, TIMEOUT).toContain('the authority says nothing now')
  expect(gate?.status()).toMatchObject({ position: 'unknown', isSettled: true })
  expect(told).toEqual(['gate:warned'])
  expect(runs()).toEqual([])
})

test('a gate that is closed because nobody has said anything since the start is told of, once', async () => {
  said = 'silent'
  begin(`test -e allowed || exit 3\n${OBEY}`)
  await expect.poll(() => runs().length, TIMEOUT).toBeGreaterThan(2)
  expect(told).toEqual(['gate:warned', 'gate:failed'])
  writeFileSync(join(folder, 'allowed'), '')
  await expect.poll(position, TIMEOUT).toBe('closed')
  expect(told).toEqual(['gate:warned', 'gate:failed', 'gate:moved closed'])
})

test('a program that is under way ends with the agent', async () => {
  said = wish('open')
  begin('while :; do echo >> beats; sleep 0.05; done', 60_000)
  const beats = () => (existsSync(join(folder, 'beats')) ? readFileSync(join(folder, 'beats')).length : 0)
  await expect.poll(beats, TIMEOUT).toBeGreaterThan(2)
  await gate?.stop()
  const before = beats()
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(beats()).toBe(before)
})
