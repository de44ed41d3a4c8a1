import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PlanBody } from '../../src/api/contract/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { clientOf, consume, produce, withAdmin } from '../integration/local/region-clients.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { runIsthmus } from '../support/command.ts'
import { createTopic } from './create-topic.ts'
import { canRunKafka, testEngine } from './engine.ts'

/** A link of a failover group is paused at a controller that copies nothing, and runs in another process. */
const LINK = 'orders-eu-to-us'
const TOPIC = 'orders.created'
/** Longer than the other process takes to hear of it, and to copy where it does not. */
const A_WHILE_MS = 4_000

testEngine()

describe.runIf(canRunKafka)('a controller and a replicator of one failover group', () => {
  const stack = new AsyncDisposableStack()
  let eu: LocalRegion
  let us: LocalRegion
  let controller: IsthmusProcess
  let replicator: IsthmusProcess
  let rest: string

  const start = (role: 'controller' | 'replicator') => IsthmusProcess.start({ regions: [eu, us], rest, role })
  const ask = (...args: string[]) => runIsthmus([...args, '--api', controller.apiUrl])
  const untilState = (state: string) =>
    eventually(
      `the link is ${state}`,
      async () => {
        const link = (await replicator.status())?.links.find((one) => one.link === LINK)
        return link?.state === state ? link : undefined
      },
      { limitMs: 40_000 },
    )
  const write = (count: number) =>
    produce(
      clientOf(eu),
      TOPIC,
      Array.from({ length: count }, (_, at) => `order ${at}`),
    )

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-pause-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    rest = `failoverGroups:
  - { name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }
authority: { kind: sqlite, path: ${join(folder, 'authority.db')} }`
    ;[eu, us] = await Promise.all([startRegion({ name: 'eu' }), startRegion({ name: 'us' })])
    stack.use(eu)
    stack.use(us)
    await createTopic(clientOf(eu), TOPIC, 1)
    await write(3)
    controller = stack.use(await start('controller'))
    replicator = await start('replicator')
    stack.defer(() => replicator[Symbol.asyncDispose]())
    await untilState('running')
  }, 120_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  test('nothing arrives while it is paused, also after a kill, and no move begins', async () => {
    await eventually(
      'it is copied',
      async () => ((await replicator.flows(LINK))[0]?.sourceNext === 3 ? 3 : undefined),
      {
        limitMs: 40_000,
      },
    )
    const paused = await ask('pause', '--link', LINK, '--reason', 'work on us', '--by', 'ada')
    expect(paused).toMatchObject({ code: 0, stdout: `Link ${LINK} is paused by ada: work on us\n` })
    await untilState('paused')
    await write(4)
    await replicator[Symbol.asyncDispose]()
    replicator = await start('replicator')
    const { reason } = await untilState('paused')
    expect(reason).toMatch(/^paused by ada since .*: work on us$/)
    await sleep(A_WHILE_MS)
    const ends = await withAdmin(clientOf(us), (admin) => admin.fetchTopicOffsets(TOPIC))
    expect(ends).toMatchObject([{ partition: 0, high: '3' }])
    expect(await replicator.get('/metrics')).toContain(
      `isthmus_link_state{link="${LINK}",source="eu",target="us",state="paused"} 1\n`,
    )
    expect((await fetch(`${replicator.apiUrl}/readyz`)).status).toBe(200)
    expect((await runIsthmus(['status', '--api', replicator.apiUrl])).code).toBe(0)

    const plan = await ask('plan', 'orders', '--to', 'us', '--output', 'json')
    const { blocking, guards } = JSON.parse(plan.stdout) as PlanBody
    expect(blocking).toContain('links-not-paused')
    expect(guards.find(({ name }) => name === 'links-not-paused')?.evidence).toContain(`${LINK} is paused by ada`)
  }, 110_000)

  test('it goes on where it stopped when it is resumed, and the history has both', async () => {
    expect(await ask('resume', '--link', LINK, '--by', 'bob')).toMatchObject({ code: 0 })
    await untilState('running')
    await eventually(
      'it is copied',
      async () => ((await replicator.flows(LINK))[0]?.sourceNext === 7 ? 7 : undefined),
      {
        limitMs: 40_000,
      },
    )
    expect(await consume(clientOf(us), TOPIC, 7)).toEqual(await consume(clientOf(eu), TOPIC, 7))
    const { stdout } = await ask('history', '--group', 'orders')
    expect(stdout).toMatch(/bob +request[^\n]*resume link[^]*ada +request[^\n]*pause link/)
  }, 60_000)
})
