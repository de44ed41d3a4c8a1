import { expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  evictionProvider,
  type ProviderStep,
  resolveEviction,
  resolveRouting,
  type RoutingProviderOptions,
  routingProvider,
  type RunProgram,
} from '../../../src/routing/index.ts'
import { runProgram } from '../../../src/security/index.ts'

const { signal } = new AbortController()
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const node = (script: string) => [process.execPath, '-e', script]
const SHOW =
  'const { ISTHMUS_ACTION: a, ISTHMUS_GROUP: g, ISTHMUS_OPERATION: o, ISTHMUS_FROM: f, ISTHMUS_TO: t } = process.env;' +
  'console.log([a, g, o, f, t, process.env.OWN].join(" "))'
const run: RunProgram = (program, within) => runProgram({ ...program, clock: systemClock }, within)
const parts = { run, env: { PATH: process.env['PATH'], OWN: 'own' }, clock: systemClock, random: systemRandom }

function routing(more: Partial<RoutingProviderOptions> = {}) {
  const resolved = resolveRouting({ kind: 'command', switch: node(''), ...more })
  if (resolved === undefined) throw new Error('nothing to run')
  return routingProvider(resolved, parts)
}

function evicting(evict: string[]) {
  const resolved = resolveEviction({ kind: 'command', evict }, 'orders')
  if (resolved === undefined) throw new Error('nothing to run')
  return evictionProvider(resolved, parts)
}

test('exit code 0 means done', async () => {
  expect(await routing().switchTo(MOVE, signal)).toMatchObject({ kind: 'done' })
  expect(await evicting(node('')).evict(MOVE, signal)).toMatchObject({ kind: 'done' })
})

test('a program is told what it is for, and its failure tells what it said', async () => {
  const step = await routing({ switch: node(`${SHOW}; process.exit(3)`) }).switchTo(MOVE, signal)
  expect(step).toMatchObject({ kind: 'failed', fault: { code: 'ROUTING_COMMAND_FAILED' } })
  const messageOf = (failed: ProviderStep) => (failed.kind === 'failed' ? failed.fault.message : failed.reason)
  expect(messageOf(step)).toContain('ended with exit code 3: switch orders op-1 eu us own')
  const evict = node(`${SHOW}; process.exit(1)`)
  expect(messageOf(await evicting(evict).evict(MOVE, signal))).toContain(
    'ended with exit code 1: evict orders op-1 eu us own',
  )
})

test('one that does not end in time is unknown', async () => {
  const slow = routing({ switch: node('setTimeout(() => {}, 60_000)'), timeoutSeconds: 1 })
  expect(await slow.switchTo(MOVE, signal)).toMatchObject({ kind: 'unknown' })
}, 20_000)

test('the check says where clients are pointed, or nothing', async () => {
  expect((await routing().check(MOVE, signal)).verdict).toBe('unchecked')
  expect((await routing({ check: node('') }).check(MOVE, signal)).verdict).toBe('switched')
  expect((await routing({ check: node('process.exit(1)') }).check(MOVE, signal)).verdict).toBe('elsewhere')
  expect((await routing({ check: ['/not/there'] }).check(MOVE, signal)).verdict).toBe('unknown')
})

test('a program that is not there is told before it is needed', async () => {
  expect(await routing().findTrouble(signal)).toBeUndefined()
  expect(await routing({ switch: ['true'] }).findTrouble(signal)).toBeUndefined()
  expect(await routing({ switch: ['no-such-program-anywhere'] }).findTrouble(signal)).toContain('no-such-program')
  expect(await routing({ check: ['/not/there'] }).findTrouble(signal)).toContain('/not/there')
  expect(await routing({ switch: [import.meta.filename] }).findTrouble(signal)).toContain('there is no such program')
  expect(await routing({ switch: [import.meta.dirname] }).findTrouble(signal)).toContain('there is no such program')
})
