import { beforeEach, expect, test } from 'vitest'
import { createEvents, isFault, regionName, systemClock } from '../../../../src/core/index.ts'
import { type FenceCommand, RegionFences } from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'

const { signal } = new AbortController()
const CLAIM = { group: 'orders', operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }
const node = (script: string) => [process.execPath, '-e', script]
const SHOW = 'const { ISTHMUS_ACTION: a, ISTHMUS_REGION: r, ISTHMUS_GROUP: g, ISTHMUS_OPERATION: o } = process.env;'

let records: RecordsInMemory
beforeEach(() => {
  records = new RecordsInMemory()
})

function fencesOf(command: Partial<FenceCommand> | undefined, commandMs = 20_000): RegionFences {
  const succeeds = node('')
  return new RegionFences({
    region: regionName('eu'),
    cluster: new AclRegion({ clock: systemClock }).clientOf('User:isthmus'),
    principal: undefined,
    superUsers: undefined,
    canary: undefined,
    command: command && {
      fence: succeeds,
      unfence: succeeds,
      check: undefined,
      timeoutMs: 20_000,
      env: {},
      ...command,
    },
    records,
    clock: systemClock,
    events: createEvents(),
    timings: { commandMs },
  })
}

test('success is on record, and is not run again', async () => {
  expect(await fencesOf({}).applyCommand(CLAIM, signal)).toMatchObject({ kind: 'done', evidence: { added: 1 } })
  expect(records.held.get('fence/op-1/orders/command')?.hasRun).toBe(true)
  const again = fencesOf({ fence: node('process.exit(1)') })
  expect(await again.applyCommand(CLAIM, signal)).toMatchObject({ kind: 'done', evidence: { added: 0 } })
})

test('a failure says how it ended and what it printed, and stays to be run again', async () => {
  const fence = node(`${SHOW} console.error(a, r, g, o); process.exit(3)`)
  const step = await fencesOf({ fence }).applyCommand(CLAIM, signal)
  if (step.kind !== 'failed') throw new Error(step.kind)
  expect(isFault(step.fault, 'FENCE_COMMAND_FAILED')).toBe(true)
  expect(step.fault.message).toContain('exit code 3: fence eu orders op-1')
  expect(await fencesOf({}).applyCommand(CLAIM, signal)).toMatchObject({ kind: 'done' })
})

test('a program that is not there has failed', async () => {
  const step = await fencesOf({ fence: ['isthmus-no-such-program'] }).applyCommand(CLAIM, signal)
  expect(step.kind === 'failed' && step.fault.message).toContain('ENOENT')
})

test('one that does not end is stopped with all that it started, and its outcome is unknown', async () => {
  const child =
    "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' })"
  const step = await fencesOf({ fence: node(child), timeoutMs: 300 }).applyCommand(CLAIM, signal)
  expect(step).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('did not end within 300 ms') })
})

test('one that takes its time is not run again while it runs, and the next attempt is told its end', async () => {
  const fence = node("setTimeout(() => { console.error('late'); process.exit(7) }, 500)")
  const fences = fencesOf({ fence }, 50)
  expect(await fences.applyCommand(CLAIM, signal)).toMatchObject({ kind: 'waiting', patienceMs: 46_000 })
  const attempt = () => fences.permitted(() => undefined).applyCommand(CLAIM, signal)
  await expect.poll(attempt, { timeout: 10_000 }).toMatchObject({ kind: 'failed' })
})

test('one that runs is stopped when the right to it ends', async () => {
  const fences = fencesOf({ fence: node('setInterval(() => {}, 1e6)') }, 50)
  let isHeld = true
  const permit = () => {
    if (!isHeld) throw new Error('the lease has ended')
  }
  expect(await fences.permitted(permit).applyCommand(CLAIM, signal)).toMatchObject({ kind: 'waiting' })
  isHeld = false
  const later = () => fences.permitted(() => undefined).applyCommand(CLAIM, signal)
  const stopped = { kind: 'unknown', reason: expect.stringContaining('the lease has ended') }
  await new Promise((resolve) => systemClock.setTimer(700, () => resolve(undefined)))
  await expect.poll(later, { timeout: 10_000 }).toMatchObject(stopped)
})

test('lifting stops the other program where that still runs', async () => {
  const fences = fencesOf({ fence: node('setInterval(() => {}, 1e6)') }, 50)
  expect(await fences.applyCommand(CLAIM, signal)).toMatchObject({ kind: 'waiting' })
  const lift = () => fences.liftAllOf('op-1', 'anna', signal)
  await expect.poll(lift, { timeout: 10_000 }).toMatchObject({ kind: 'done', evidence: { removed: 1 } })
})

test('lifting runs the other program, once the last operation goes', async () => {
  const fences = fencesOf({ unfence: node(`${SHOW} process.exit(a === 'unfence' ? 0 : 1)`) })
  await fences.applyCommand(CLAIM, signal)
  await fences.applyCommand({ ...CLAIM, operation: 'op-2' }, signal)
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ evidence: { removed: 0, kept: 1 } })
  expect(await fences.liftAllOf('op-2', 'anna', signal)).toMatchObject({ evidence: { removed: 1, kept: 0 } })
  expect(records.held.size).toBe(0)
})

test('the check of the operator decides, where there is one', async () => {
  const of = { group: 'orders', operation: 'op-1' }
  expect(await fencesOf({ check: node('') }).checkCommand(of, signal)).toMatchObject({ verdict: 'fenced' })
  expect(await fencesOf({ check: node('process.exit(1)') }).checkCommand(of, signal)).toMatchObject({ verdict: 'open' })
  expect(await fencesOf({}).checkCommand(of, signal)).toMatchObject({ verdict: 'unknown' })
})

test('a region without a command says so', async () => {
  const step = await fencesOf(undefined).applyCommand(CLAIM, signal)
  expect(step.kind === 'failed' && step.fault.code).toBe('FENCE_COMMAND_MISSING')
})
