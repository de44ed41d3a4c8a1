import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/index.ts'
import { openRegionAccess, type RegionAccess } from '../../../src/controller/region-access.ts'
import { StandingFences } from '../../../src/controller/standing-fences.ts'
import { createEvents, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { firstDocument, type GroupDocument } from '../../../src/failover/index.ts'
import type { SecurityEvents } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { entry, makeTopics, type SecuredRegion, setAcls, soon, startSecured } from '../security/secured-region.ts'
import { securedConfig } from './secured-config.ts'

testEngine()

const [EU, US] = [regionName('eu'), regionName('us')]
const AT = '2026-01-01T00:00:00.000Z'

describe.runIf(canRunKafka)('standing fences of a failover group', () => {
  let eu: SecuredRegion
  let us: SecuredRegion
  let config: Config
  let access: RegionAccess
  beforeAll(async () => {
    const started = ['eu', 'us'].map((name) => startSecured({ name: `standing-${name}` }))
    eu = await (started[0] as Promise<SecuredRegion>)
    us = await (started[1] as Promise<SecuredRegion>)
    for (const { admin } of [eu, us]) {
      await makeTopics(admin, ['orders.a'])
      await setAcls(admin, [entry('User:app')])
    }
    const regions = { eu: eu.region, us: us.region }
    config = securedConfig({ regions, include: ['/orders[.].*/'], group: ['failover: {fenceCheckSeconds: 1}'] })
    access = openRegionAccess({ config, events, clock: systemClock, random: systemRandom, env: process.env })
  }, 180_000)
  afterAll(async () => {
    await access?.close()
    for (const setup of [eu, us]) await setup?.[Symbol.asyncDispose]()
  }, 60_000)

  const events = createEvents<SecurityEvents>()
  const told: string[] = []
  events.onAny((name) => void told.push(name))
  let document: GroupDocument = firstDocument('orders', [EU, US], AT)
  let leads = false
  const errors: unknown[] = []
  const standingFences = () =>
    new StandingFences({
      groups: config.failoverGroups,
      fences: access.fences,
      documents: { get: () => document },
      isLeading: () => leads,
      events,
      clock: systemClock,
      onError: (_region, error) => errors.push(error),
    })
  const denied = async ({ admin }: SecuredRegion) => {
    const held = await admin.describeAcls({ resource: 'topic', permission: 'deny' }, soon())
    return [...new Set(held.map(({ name }) => name).filter((name) => name.startsWith('orders')))].sort()
  }

  test('follow the documents: put up on the standby, on topics to come too, moved with the active region', async () => {
    const standing = standingFences()
    standing.start()
    try {
      const states = () => standing.status().map(({ region, state }) => `${region} ${state}`)
      await expect.poll(states, { timeout: 20_000 }).toEqual(['us open'])
      // Who does not lead leaves it as it is, and holds topics back that it cannot fence.
      expect(await standing.cover(US, ['orders.b'], soon())).toContain('not fenced us for orders.b')
      leads = true
      expect(await standing.cover(US, ['orders.b', 'other'], soon())).toBeUndefined()
      expect(await denied(us)).toEqual(['orders.a', 'orders.b'])
      await expect.poll(states, { timeout: 20_000 }).toEqual(['us fenced'])
      await makeTopics(eu.admin, ['orders.c'])
      await expect.poll(() => denied(us), { timeout: 20_000 }).toEqual(['orders.a', 'orders.b', 'orders.c'])
      expect(standing.of('orders')).toMatchObject([
        { region: 'eu', watched: undefined, records: [] },
        { region: 'us', watched: { state: 'fenced' }, records: [{ operation: 'standby', means: 'acl' }] },
      ])
      // The group moves: the region that is left becomes the standby, and the other one is opened.
      const { eu: left, us: entered } = document.regions as Record<string, GroupDocument['regions'][string]>
      if (left === undefined || entered === undefined) throw new Error('two regions')
      document = {
        ...document,
        active: US,
        regions: { eu: { ...left, role: 'standby' }, us: { ...entered, role: 'active' } },
      }
      await expect.poll(() => denied(us), { timeout: 20_000 }).toEqual([])
      await expect.poll(states, { timeout: 20_000 }).toEqual(['eu fenced'])
      expect(await denied(eu)).toEqual(['orders.a', 'orders.c'])
      // Somebody takes it away: a loss is told, and it is put up again.
      told.length = 0
      const held = await eu.admin.describeAcls({ resource: 'topic', permission: 'deny' }, soon())
      await eu.admin.deleteAcls(
        held.filter(({ name }) => name === 'orders.a'),
        soon(),
        1,
      )
      await expect.poll(() => told, { timeout: 20_000 }).toContain('fence:held')
      expect(told).toContain('fence:lost')
      expect(await denied(eu)).toEqual(['orders.a', 'orders.c'])
    } finally {
      await standing.stop()
    }
    expect(errors).toEqual([])
  })
})
