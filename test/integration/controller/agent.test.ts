import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, type AuthorityEvents, openAuthority } from '../../../src/authority/index.ts'
import { createEvents, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { firstDocument, groupKey } from '../../../src/failover/index.ts'
import { openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { cli } from '../../support/run-cli.ts'
import { IsthmusProcess } from '../../support/isthmus-process.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { soon } from '../security/secured-region.ts'

testEngine()

const [EU, US] = [regionName('eu'), regionName('us')]
const WAIT = { timeout: 20_000, interval: 100 }

describe.runIf(canRunKafka)('an agent beside a region', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-agent-'))
  const context = { clock: systemClock, random: systemRandom }
  const shut = join(folder, 'shut')
  let region: LocalRegion
  let authority: Authority
  let agent: IsthmusProcess | undefined

  beforeAll(async () => {
    region = await startRegion({ name: 'agent-eu' })
    const options = { kind: 'sqlite', path: join(folder, 'authority.db') } as const
    authority = openAuthority(options, { ...context, events: createEvents<AuthorityEvents>() })
    const program = `#!/bin/sh\ncase $ISTHMUS_ACTION in open) rm -f ${shut};; close) touch ${shut};; esac\n`
    writeFileSync(join(folder, 'gate'), program)
    chmodSync(join(folder, 'gate'), 0o755)
  }, 120_000)
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]()
    await authority?.close()
    await region?.stop()
    rmSync(folder, { recursive: true })
  }, 60_000)

  const start = async () => {
    const gate = JSON.stringify([join(folder, 'gate')])
    agent = await IsthmusProcess.start({
      regions: [
        { name: 'eu', bootstrap: region.bootstrap, access: `gate: { open: ${gate}, close: ${gate} }` },
        { name: 'us', bootstrap: ['127.0.0.1:9'] },
      ],
      rest: [
        'failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }]',
        `authority: { path: "${join(folder, 'authority.db')}" }`,
        'health: { vantage: beside-eu, everySeconds: 0.5 }',
      ].join('\n'),
      role: 'agent',
      region: 'eu',
    })
    return agent
  }
  const record = async (active: typeof EU, epoch: number) => {
    const before = await authority.read(groupKey('orders'), soon())
    const document = { ...firstDocument('orders', [EU, US], new Date().toISOString()), active, epoch }
    const outcome = await authority.write(
      groupKey('orders'),
      document,
      { expected: before?.revision ?? 'absent' },
      soon(),
    )
    expect(outcome.kind).toBe('written')
  }
  const gateOf = async () => (await agent?.status())?.gate
  const isReady = async () => (await fetch(`${agent?.apiUrl}/readyz`)).ok

  test('opens it once the authority says that the region is active, watches, and leads and copies nothing', async () => {
    writeFileSync(shut, '')
    await record(EU, 1)
    const process = await start()
    await expect.poll(gateOf, WAIT).toMatchObject({ region: 'eu', position: 'open' })
    expect(await gateOf()).toMatchObject({ reason: 'eu is active for orders (epoch 1)' })
    expect(existsSync(shut)).toBe(false)
    const { out } = await cli(['status', '--api', process.apiUrl])
    expect(out).toContain('The gate of eu is open: eu is active for orders (epoch 1)')
    expect(await isReady()).toBe(true)
    expect(await process.get('/metrics')).toContain('isthmus_agent_gate{region="eu",position="open"} 1')
    await expect
      .poll(async () => JSON.parse(await process.get('/api/v1/regions')) as unknown, WAIT)
      .toMatchObject({
        vantage: 'beside-eu',
        standsIn: 'eu',
        regions: [{ region: 'eu', verdict: 'up' }, { region: 'us' }],
      })
    expect((await authority.overview(soon())).leases).toEqual([])
    await using cluster = openCluster({ name: 'eu', bootstrap: region.bootstrap, context })
    const { topics } = await cluster.metadata('all', soon())
    expect(topics.map(({ name }) => name)).toEqual(['__isthmus.health'])
  }, 60_000)

  test('closes it when the epoch has moved on, and opens it at the next one', async () => {
    await record(US, 2)
    await expect.poll(() => existsSync(shut), { timeout: 4_000, interval: 20 }).toBe(true)
    await record(EU, 3)
    await expect.poll(() => existsSync(shut), WAIT).toBe(false)
  }, 60_000)

  test('is started again beside an active region without closing it', async () => {
    await agent?.kill()
    writeFileSync(join(folder, 'gate'), `#!/bin/sh\necho $ISTHMUS_ACTION >> ${folder}/runs\n`)
    await start()
    await expect.poll(gateOf, WAIT).toMatchObject({ position: 'open' })
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('open\n')
  }, 60_000)

  test('closes it before the brokers of a region are back that was lost', async () => {
    await region.stopBroker(0, { hard: true })
    await agent?.kill()
    writeFileSync(join(folder, 'gate'), `#!/bin/sh\n[ $ISTHMUS_ACTION = close ] && touch ${shut}\n`)
    await record(US, 4)
    await start()
    await expect.poll(() => existsSync(shut), WAIT).toBe(true)
    await expect.poll(isReady, WAIT).toBe(true)
    await region.startBroker(0, soon())
    expect(await gateOf()).toMatchObject({ position: 'closed', reason: 'eu is not active for orders (epoch 4)' })
    expect((await agent?.terminate())?.code).toBe(0)
    expect(existsSync(shut)).toBe(true)
  }, 90_000)
})
