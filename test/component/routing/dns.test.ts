import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type RoutingProviderOptions, resolveRouting, routingProvider } from '../../../src/routing/index.ts'
import { FakeNameServer } from '../../support/fake-name-server.ts'

const { signal } = new AbortController()
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const [NAME, OTHER] = ['orders.example.com', 'more.example.com']
const parts = {
  clock: systemClock,
  random: systemRandom,
  env: {},
  run: () => Promise.reject(new Error('nothing is run here')),
}

let primary: FakeNameServer
let secondary: FakeNameServer
beforeEach(async () => {
  ;[primary, secondary] = await Promise.all([FakeNameServer.start(), FakeNameServer.start()])
  for (const server of [primary, secondary]) server.records.set(NAME, ['10.1.0.1'])
})
afterEach(() => Promise.all([primary[Symbol.asyncDispose](), secondary[Symbol.asyncDispose]()]))

function dns(more: Partial<RoutingProviderOptions> = {}) {
  const options: RoutingProviderOptions = {
    kind: 'dns',
    zone: 'example.com',
    primaries: [primary.address],
    secondaries: [secondary.address],
    key: { name: 'isthmus', secretFile: 'read already' },
    records: [
      { name: NAME, type: 'A', values: { eu: ['10.1.0.1'], us: ['10.2.0.1', '10.2.0.2'] } },
      { name: OTHER, type: 'A', values: { eu: ['10.1.0.9'], us: ['10.2.0.9'] } },
    ],
    ...more,
  }
  const resolved = resolveRouting(options, { secret: { reveal: () => Buffer.from('a secret').toString('base64') } })
  if (resolved === undefined) throw new Error('nothing is missing')
  return routingProvider(resolved, parts)
}

async function codeOf(provider = dns()): Promise<string> {
  const step = await provider.switchTo(MOVE, signal)
  return step.kind === 'failed' ? step.fault.code : `${step.kind}: ${step.reason}`
}

describe('an update', () => {
  test('changes what is there and adds what is not, once', async () => {
    const provider = dns()
    expect(await provider.switchTo(MOVE, signal)).toEqual({ kind: 'done', reason: `${primary.address} points at us` })
    expect(Object.fromEntries(primary.records)).toEqual({ [NAME]: ['10.2.0.1', '10.2.0.2'], [OTHER]: ['10.2.0.9'] })
    await provider.switchTo(MOVE, signal)
    expect(primary.updates).toBe(1)
  })

  test('is signed with the longer algorithm too', async () => {
    primary.algorithm = 'sha512'
    expect(await codeOf(dns({ key: { name: 'isthmus', algorithm: 'hmac-sha512', secretFile: '' } }))).toContain('done')
  })

  test('changes nothing where somebody else was faster, and is asked again', async () => {
    primary.beforeUpdate = () => primary.records.set(NAME, ['10.9.9.9'])
    expect(await codeOf()).toContain('unknown: ')
    expect(primary.records.get(NAME)).toEqual(['10.9.9.9'])
    primary.records.delete(NAME)
    expect(await codeOf()).toContain('unknown: ')
    expect(primary.records.has(OTHER)).toBe(false)
  })

  test('does not overwrite what belongs to no region', async () => {
    primary.records.set(NAME, ['10.9.9.9'])
    expect(await codeOf()).toBe('ROUTING_DNS_STRANGER')
    expect(primary.updates).toBe(0)
  })

  test('brings a server back that an earlier move has left behind', async () => {
    primary.records.set(NAME, ['10.2.0.2', '10.2.0.1'])
    await dns().switchTo({ ...MOVE, from: 'us', to: 'eu' }, signal)
    expect(primary.records.get(NAME)).toEqual(['10.1.0.1'])
  })

  test.each([
    [16, 'ROUTING_DNS_KEY_WRONG'],
    [17, 'ROUTING_DNS_KEY_UNKNOWN'],
    [18, 'ROUTING_DNS_CLOCK'],
  ])('that is refused with TSIG error %i is %s', async (error, code) => {
    primary.tsigError = error
    expect(await codeOf()).toBe(code)
  })

  test('tells how far the clocks are apart', async () => {
    primary.tsigError = 18
    expect(await dns().findTrouble(signal)).toContain('1000 s apart')
  })

  test.each([
    [2, 'unknown: '],
    [4, 'ROUTING_DNS_FAILED'],
    [5, 'ROUTING_DNS_REFUSED'],
    [9, 'ROUTING_DNS_NO_ZONE'],
    [10, 'ROUTING_DNS_NO_ZONE'],
  ])('that is answered with %i is %s', async (rcode, end) => {
    primary.updateRcode = rcode
    expect(await codeOf()).toContain(end)
  })

  test.each(['none', 'forged'] as const)('whose answer has signature %s is not believed', async (sign) => {
    primary.sign = sign
    expect(await codeOf()).toContain('is not signed with the key isthmus')
  })

  test('of two primaries, one of which does not answer, says what each did', async () => {
    secondary.queryRcode = 2
    const both = dns({ primaries: [primary.address, secondary.address], secondaries: [] })
    const step = await both.switchTo(MOVE, signal)
    expect(step).toMatchObject({ kind: 'unknown' })
    expect(JSON.stringify(step)).toContain(`${primary.address} points at us; ${secondary.address} answers SERVFAIL`)
    expect(await both.check(MOVE, signal)).toMatchObject({ verdict: 'unknown' })
  })
})

describe('switched', () => {
  test('is what every server says', async () => {
    await dns().switchTo(MOVE, signal)
    const early = await dns().check(MOVE, signal)
    expect(early.verdict).toBe('elsewhere')
    const second = secondary.address
    const says = `${primary.address} points at us; ${second} says ${NAME} A 10.1.0.1; ${second} has no ${OTHER} A`
    expect(early.reason).toContain(says)
    for (const [name, addresses] of primary.records) secondary.records.set(name, addresses.toReversed())
    expect(await dns().check(MOVE, signal)).toMatchObject({ verdict: 'switched' })
    secondary.isAuthoritative = false
    expect((await dns().check(MOVE, signal)).verdict).toBe('unknown')
  })
})

describe('what is in the way', () => {
  test('is looked for by an update that changes nothing', async () => {
    const before = new Map(primary.records)
    expect(await dns().findTrouble(signal)).toBeUndefined()
    expect(primary.updates).toBe(1)
    expect(primary.records).toEqual(before)
  })

  test('is named: a value of nobody, a server without the zone, one that is silent', async () => {
    primary.records.set(NAME, ['10.9.9.9'])
    expect(await dns().findTrouble(signal)).toContain('has 10.9.9.9 as orders.example.com A')
    secondary.queryRcode = 5
    expect(await dns().findTrouble(signal)).toContain(
      `${secondary.address} is not authoritative for example.com (REFUSED)`,
    )
    primary.isSilent = true
    expect(await dns().findTrouble(signal)).toContain(`${primary.address} does not answer: no answer within 3000 ms`)
  })

  test('ends with its signal', async () => {
    primary.isSilent = true
    const stopped = AbortSignal.timeout(50)
    expect(await dns({ secondaries: [] }).findTrouble(stopped)).toContain('stopped')
  })
})
