import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { Watcher } from './watching.ts'

/** A region with TLS, SCRAM and an authorizer. */
let region: LocalRegion

beforeAll(async () => {
  region = await startRegion({ name: 'secured', brokers: 1, secured: true })
}, 180_000)

afterAll(() => region.stop(), 60_000)

const watcherFor = (user: { username: string; password: string } | undefined, vantage: string) => {
  const tls = { ca: region.security?.tls.ca ?? '' }
  const sasl = { mechanism: 'scram-sha-512', username: '', password: '', ...user } as const
  return new Watcher([{ name: 'eu', bootstrap: region.bootstrap, options: { tls, sasl } }], vantage)
}

test('with all rights everything is seen', async () => {
  await using watcher = watcherFor(region.security?.admin, 'admin')
  const { sample } = await watcher.until('eu', ({ sample: it }) => it?.canary.kind === 'ok')
  expect(sample).toMatchObject({ quorum: { kind: 'ok' }, partitions: { kind: 'ok' }, clock: { kind: 'ok' } })
  await watcher.untilLevel('eu', 'healthy')
})

test('what may not be asked is not held against the region, and is told', async () => {
  await using watcher = watcherFor(region.security?.users[0], 'user')
  const { sample } = await watcher.untilLevel('eu', 'healthy')
  expect(sample).toMatchObject({ quorum: { kind: 'unknown' }, canary: { kind: 'unknown' }, clock: { kind: 'unknown' } })
  const refusal = /^eu: __isthmus.health cannot be used: TOPIC_AUTHORIZATION/
  await expect.poll(() => watcher.told, { timeout: 20_000 }).toContainEqual(expect.stringMatching(refusal))
})

test('a region that refuses the password is suspect for ever, and never down', async () => {
  const [user] = region.security?.users ?? []
  await using watcher = watcherFor({ username: user?.username ?? '', password: 'wrong' }, 'stranger')
  const { health } = await watcher.until('eu', ({ health: it }) => {
    return it !== undefined && it.runs.blind.samples > 20
  })
  expect(health).toMatchObject({ level: 'suspect', findings: [{ code: 'turned-away' }] })
  expect(health?.reason).toContain('refused the credentials')
})
