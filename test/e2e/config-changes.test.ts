import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { clientOf, consume, produce } from '../integration/local/region-clients.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { createTopic } from './create-topic.ts'
import { canRunKafka, testEngine } from './engine.ts'

/** Selections that change while a controller and two replicators of one target run. */
testEngine()

describe.runIf(canRunKafka)('processes whose configuration file changes', () => {
  const stack = new AsyncDisposableStack()
  let eu: LocalRegion
  let us: LocalRegion
  let all: readonly IsthmusProcess[]

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-changes-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    const rest = `failoverGroups:
  - { name: orders, regions: [eu, us], topics: { include: [orders] } }
links:
  - { name: weather, source: eu, target: us, topics: { include: [weather] } }
authority: { kind: sqlite, path: ${join(folder, 'authority.db')} }`
    ;[eu, us] = await Promise.all([startRegion({ name: 'eu' }), startRegion({ name: 'us' })])
    stack.use(eu)
    stack.use(us)
    const client = clientOf(eu)
    for (const topic of ['orders', 'weather', 'bills', 'rain']) {
      await createTopic(client, topic, 4)
      await produce(client, topic, [`of ${topic}`])
    }
    const regions = [eu, us]
    all = await Promise.all(
      (['controller', 'replicator', 'replicator'] as const).map((role) =>
        IsthmusProcess.start({ regions, rest, role }),
      ),
    )
    for (const one of all) stack.use(one)
  }, 120_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  /** Once a topic's only record is there. */
  const untilCopied = (link: string, topic: string) =>
    eventually(
      `${topic} is copied`,
      async () => {
        // A process that has just been started neither listens nor knows the link.
        const flows = await Promise.all(all.slice(1).map((one) => one.flows(link).catch(() => [])))
        const own = flows.flat().filter((flow) => flow.topic === topic && flow.state === 'running')
        return own.reduce((sum, { sourceNext }) => sum + (sourceNext ?? 0), 0) === 1 ? own : undefined
      },
      { limitMs: 60_000 },
    )

  test('topics that both kinds of links come to select are copied, without a restart of anything', async () => {
    await untilCopied('orders-eu-to-us', 'orders')
    await untilCopied('weather', 'weather')
    for (const { configFile } of all) {
      const text = readFileSync(configFile, 'utf8')
      writeFileSync(configFile, text.replace('[orders]', '[orders, bills]').replace('[weather]', '[weather, rain]'))
    }
    await untilCopied('orders-eu-to-us', 'bills')
    await untilCopied('weather', 'rain')
    expect(await consume(clientOf(us), 'rain', 1)).toEqual(['of rain'])
    const [, ...replicators] = all
    await eventually(
      'both replicators share the work again',
      async () => {
        const bodies = await Promise.all(replicators.map((one) => one.status()))
        const own = bodies.flatMap((body) => body?.members.filter(({ isThisProcess }) => isThisProcess) ?? [])
        return own.length === 2 && own.every(({ shards, differs }) => shards.length === 32 && differs === null)
          ? own
          : undefined
      },
      { limitMs: 60_000 },
    )
    for (const one of all) expect(one.isRunning).toBe(true)
  }, 110_000)
})
