import { expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import type { Json } from '../../../src/failover/outcome.ts'
import { start } from '../../support/failover/machine-model.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const LINK = 'orders-west-to-east'
const PAUSE = ['pause', '--link', LINK, '--by', 'ada']

test('a link is paused and resumed in its target, and the history says by whom', async () => {
  await using it = await startFakeControl()
  const paused = await cli([...PAUSE, '--reason', 'upgrade', '--api', it.api])
  expect(paused).toMatchObject({ err: '', code: 0, out: `Link ${LINK} is paused by ada: upgrade\n` })
  expect([...it.paused]).toMatchObject([[LINK, { target: regionName('east'), by: 'ada', reason: 'upgrade' }]])
  await cli([...PAUSE, '--api', it.api])
  expect(it.paused.get(LINK)?.reason).toBe('no reason was given')
  const resumed = await cli(['resume', '--link', LINK, '--by', 'bob', '--api', it.api])
  expect(resumed).toMatchObject({ code: 0, out: `Link ${LINK} is resumed.\n` })
  expect(it.paused.size).toBe(0)
  const entries = await it.journal.read(AbortSignal.timeout(1_000))
  expect(entries.map(({ actor, group, facts }) => [actor, group, facts.reason])).toEqual([
    ['ada', 'orders', `pause link ${LINK}: upgrade`],
    ['ada', 'orders', `pause link ${LINK}: no reason was given`],
    ['bob', 'orders', `resume link ${LINK}`],
  ])
})

test('no link is paused under a move that needs it, and a stranger is named', async () => {
  await using it = await startFakeControl()
  const unknown = await cli(['pause', '--link', 'mars', '--api', it.api])
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining(LINK) })
  it.authority.documents.set('groups/orders', { value: start(it.authority.group) as unknown as Json, revision: 99 })
  const busy = await cli([...PAUSE, '--api', it.api])
  expect(busy).toMatchObject({ code: 3, err: expect.stringContaining('OPERATION_RUNNING') })
  expect(it.paused.size).toBe(0)
  expect((await cli(['resume', '--link', LINK, '--api', it.api])).code).toBe(0)
})

test.each([
  ['neither of both', ['pause', '--reason', 'x']],
  ['both', ['pause', 'orders', '--link', LINK, '--reason', 'x']],
  ['a group without a reason', ['pause', 'orders']],
  ['nothing to resume', ['resume']],
])('what is to be paused has to be clear: %s', async (_what, args) => {
  await using it = await startFakeControl()
  const { code, err } = await cli([...args, '--api', it.api])
  expect([code, err.includes('CLI_PAUSE_UNCLEAR')]).toEqual([2, true])
})
