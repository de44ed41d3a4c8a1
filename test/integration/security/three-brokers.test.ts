import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { firstPartition } from '../../../src/security/fences/prove-fence.ts'
import { tryCanary } from '../../../src/security/fences/canary.ts'
import { DEFAULT_TIMINGS } from '../../../src/security/index.ts'
import { regionName, systemClock } from '../../../src/core/index.ts'
import type { Cluster } from '../../../src/kafka/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { CLAIM, entry, makeTopics, ORDERS, type SecuredRegion, setAcls, soon, startSecured } from './secured-region.ts'

testEngine()

/** What one broker cannot show: several that have to agree, some of them away, a quorum without a majority. */
describe.runIf(canRunKafka)('fences of three brokers', () => {
  let setup: SecuredRegion
  beforeAll(async () => {
    setup = await startSecured({ name: 'three', brokers: 3 })
    await makeTopics(setup.admin, ['orders.1', 'orders.2', 'orders.3'], { replicationFactor: 3 })
    // Each broker leads a partition of each.
    await makeTopics(setup.admin, ['single.1', 'single.2', 'single.3', 'single.4'], { partitions: 3 })
  }, 180_000)
  afterAll(() => setup[Symbol.asyncDispose](), 60_000)
  beforeEach(() => setAcls(setup.admin, [entry('User:app'), entry('User:app', { name: 'single.' })]))

  test('any broker can be asked about any topic, whoever leads it', async () => {
    const { admin, app } = setup
    const access = { region: regionName('eu'), cluster: admin, clock: systemClock, timings: DEFAULT_TIMINGS }
    const ask = async () => {
      const { topics, brokers } = await admin.metadata(['single.1', 'single.2', 'single.3', 'single.4'], soon())
      const codes = brokers.map(async ({ nodeId }) => {
        const answers = await tryCanary(access, { cluster: app, nodeId, topics: topics.map(firstPartition) }, soon())
        return answers.map(({ topic, code }) => {
          const leads = topics.find(({ name }) => name === topic)?.partitions[0]?.leaderId === nodeId
          return `${leads ? 'leader' : 'other'} ${code}`
        })
      })
      return new Set((await Promise.all(codes)).flat())
    }
    // A topic that was just created is known to some brokers before others.
    await expect.poll(ask, { timeout: 10_000 }).toEqual(new Set(['leader 2', 'other 6']))
    const scope = { ...ORDERS, include: ['single.*'], isSelected: (topic: string) => topic.startsWith('single.') }
    const { fences } = setup.fences()
    await fences.apply({ scope, ...CLAIM }, soon())
    expect(await ask()).toEqual(new Set(['leader 29', 'other 29']))
    await fences.liftAllOf('op-1', 'anna', soon())
  })

  test('a fence counts when all three have it, and a killed broker comes back with it', async () => {
    const { region } = setup
    const { fences } = setup.fences()
    const applied = await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    expect(new Set(applied.kind === 'done' ? applied.evidence.brokers : [])).toEqual(new Set([1, 2, 3]))
    expect(await fences.prove(ORDERS, soon())).toMatchObject({ verdict: 'fenced', strength: 'refused' })
    await region.stopBroker(2, { hard: true })
    // The others put it out of the cluster; then its partitions have other leaders.
    const brokers = async () => {
      const proof = await fences.prove(ORDERS, soon()).catch(() => undefined)
      return proof?.verdict === 'fenced' ? proof.brokers.length : undefined
    }
    await expect.poll(brokers, { timeout: 40_000 }).toBe(2)
    const single = { ...ORDERS, include: ['single.*'], isSelected: (topic: string) => topic.startsWith('single.') }
    await fences.apply({ scope: single, ...CLAIM, operation: 'op-2' }, soon())
    // Who led them may still take writes, as long as it does not know.
    expect(await fences.prove(single, soon())).toMatchObject({ verdict: 'unknown' })
    await region.startBroker(2)
    await expect.poll(brokers, { timeout: 40_000 }).toBe(3)
    await expect.poll(async () => (await fences.prove(single, soon())).verdict, { timeout: 20_000 }).toBe('fenced')
    await fences.liftAllOf('op-1', 'anna', soon())
    await fences.liftAllOf('op-2', 'anna', soon())
  }, 150_000)

  test('a call that the quorum could not take comes into force later, and is overtaken by its lift', async () => {
    const { region, admin } = setup
    const { fences, records, told } = setup.fences()
    await fences.plan(ORDERS, soon())
    await region.pauseBroker(1)
    await region.pauseBroker(2)
    const applied = await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    expect(applied.kind).toBe('unknown')
    expect(told).toContain('fence:unsettled')
    expect(records.held.get('fence/op-1/orders/acl')?.mayLandLate).toBe(true)
    await region.resumeBroker(1)
    await region.resumeBroker(2)
    const denies = async () => {
      const held = await admin.describeAcls({ resource: 'topic', permission: 'deny' }, soon()).catch(() => [])
      return held.filter(({ name }) => name === 'orders.').length
    }
    await expect.poll(denies, { timeout: 60_000 }).toBe(3)
    expect(told).not.toContain('fence:applied')
    // Every broker has answered a later call by then, so that nothing is left to wait for.
    await expect
      .poll(() => fences.liftAllOf('op-1', 'anna', soon()), { timeout: 30_000 })
      .toMatchObject({
        kind: 'done',
        evidence: { isQuiet: true },
      })
    expect(await denies()).toBe(0)
    expect(records.held.size).toBe(0)
  }, 150_000)

  test('a broker that slept through a fence and its end brings no fence back', async () => {
    const { region, admin } = setup
    // Broker 1 is asked first, and takes the call without reading it.
    const metadata: Cluster['metadata'] = async (topics, signal) => {
      const { brokers, ...others } = await admin.metadata(topics, signal)
      return { ...others, brokers: brokers.toSorted((one, other) => one.nodeId - other.nodeId) }
    }
    const { fences, records } = setup.fences({ cluster: { ...admin, metadata } })
    await fences.plan(ORDERS, soon())
    const denies = async () => (await admin.describeAcls({ resource: 'topic', permission: 'deny' }, soon(), 3)).length
    const entries = await denies()
    // The first of them has the id 1.
    await region.pauseBroker(0)
    const apply = () => fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    await expect.poll(apply, { timeout: 60_000 }).toMatchObject({ kind: 'done' })
    expect(records.held.get('fence/op-1/orders/acl')?.mayLandLate).toBe(true)
    expect(await fences.liftAllOf('op-1', 'anna', soon())).toMatchObject({
      kind: 'done',
      evidence: { isQuiet: false },
    })
    expect(await denies()).toBe(entries)
    await region.resumeBroker(0)
    const tidied = async () => {
      await fences.tidy(soon())
      return records.held.size
    }
    await expect.poll(tidied, { timeout: 60_000 }).toBe(0)
    expect(await denies()).toBe(entries)
    expect((await fences.prove(ORDERS, soon())).verdict).toBe('open')
  }, 150_000)
})
