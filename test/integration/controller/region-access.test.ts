import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRegionAccess, type RegionAccess } from '../../../src/controller/region-access.ts'
import { createEvents, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import type { RegionFences, SecurityEvents } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import {
  CLAIM,
  entry,
  makeTopics,
  ORDERS,
  type SecuredRegion,
  setAcls,
  soon,
  startSecured,
} from '../security/secured-region.ts'
import { securedConfig } from './secured-config.ts'

testEngine()

const EU = regionName('eu')
const US = regionName('us')

describe.runIf(canRunKafka)('what a controller reaches regions by', () => {
  let setup: SecuredRegion
  let opened: RegionAccess[]
  beforeAll(async () => {
    opened = []
    setup = await startSecured({ name: 'access' })
    await makeTopics(setup.admin, ['orders.a'])
    await setAcls(setup.admin, [entry('User:app')])
  }, 120_000)
  afterAll(async () => {
    for (const one of opened) await one.close()
    await setup[Symbol.asyncDispose]()
  }, 30_000)

  /** Another process with the same configuration; nobody listens where its second region is said to be. */
  function open(): RegionAccess {
    const away = { ...setup.region, bootstrap: ['127.0.0.1:9'] }
    const config = securedConfig({ regions: { eu: setup.region, us: away } })
    const access = openRegionAccess({
      config,
      events: createEvents<SecurityEvents>(),
      clock: systemClock,
      random: systemRandom,
      env: process.env,
    })
    opened.push(access)
    return access
  }
  const fencesOf = (access: RegionAccess, region = EU) => access.fences.get(region) as RegionFences

  test('a fence is on record in its region, and taken down by another process', async () => {
    const [one, other] = [open(), open()]
    const fences = fencesOf(one)
    expect(await fences.apply({ scope: ORDERS, ...CLAIM }, soon())).toMatchObject({
      kind: 'done',
      evidence: { mode: 'everyone', isRecorded: true },
    })
    expect(await fences.prove(ORDERS, soon())).toMatchObject({ verdict: 'fenced', strength: 'refused' })
    await one.states.put('eu', 'groups/orders', JSON.stringify({ format: 1 }), soon())
    expect((await fencesOf(other).records(soon())).records).toMatchObject([{ operation: 'op-1', setBy: 'anna' }])
    expect(await fencesOf(other).liftAllOf('op-1', 'ben', soon())).toMatchObject({
      kind: 'done',
      evidence: { found: 1, removed: 3, isQuiet: true },
    })
    expect(await fences.records(soon())).toEqual({ records: [] })
    expect([...(await other.states.readAll('eu', soon())).keys()]).toEqual(['groups/orders'])
  })

  test('puts of a key count in the order in which they were asked for', async () => {
    const { states } = open()
    const values = Array.from({ length: 20 }, (_, at) => String(at))
    await Promise.all(values.map((value) => states.put('eu', 'ordered', value, soon())))
    expect((await states.readAll('eu', soon())).get('ordered')).toBe('19')
    await states.put('eu', 'ordered', null, soon())
    expect((await states.readAll('eu', soon())).has('ordered')).toBe(false)
  })

  test('a right that has ended writes neither entry nor record', async () => {
    const access = open()
    const held = fencesOf(access).permitted(() => {
      throw new Error('the lease has ended')
    })
    await expect(held.apply({ scope: ORDERS, ...CLAIM, operation: 'op-2' }, soon())).rejects.toThrow(
      'the lease has ended',
    )
    expect(await fencesOf(open()).records(soon())).toEqual({ records: [] })
    expect((await fencesOf(access).prove(ORDERS, soon())).verdict).toBe('open')
  })

  test('a region that is down is unknown, and its records say why', async () => {
    const fences = fencesOf(open(), US)
    expect(await fences.apply({ scope: ORDERS, ...CLAIM }, soon())).toMatchObject({ kind: 'unknown' })
    expect(await fences.records(soon())).toMatchObject({ records: [], trouble: expect.any(String) })
  })
})
