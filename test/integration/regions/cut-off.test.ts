import { afterAll, beforeAll, expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { ProxiedRegion } from '../../support/faults/proxied-region.ts'
import { Watcher } from './watching.ts'

/** Three processes watch two regions; between them and one of the regions is a network that can be cut. */
let eu: ProxiedRegion
let us: LocalRegion
let watchers: Watcher[]

beforeAll(async () => {
  ;[eu, us] = await Promise.all([ProxiedRegion.start({ name: 'eu' }), startRegion({ name: 'us' })])
  watchers = ['one', 'two', 'three'].map(
    (vantage) => new Watcher([eu, us], vantage, vantage === 'two' ? regionName('us') : null),
  )
}, 180_000)

afterAll(async () => {
  for (const watcher of watchers) await watcher[Symbol.asyncDispose]()
  await eu[Symbol.asyncDispose]()
  await us.stop()
}, 60_000)

const all = <Result>(call: (watcher: Watcher) => Promise<Result>) => Promise.all(watchers.map(call))
const first = () => watchers[0] as Watcher

test('they hear each other through the canaries', async () => {
  await all((watcher) => watcher.untilVerdict('eu', 'up'))
  await all((watcher) =>
    watcher.until('eu', ({ judgement }) => judgement.votes.filter(({ vote }) => vote === 'up').length === 3),
  )
  const { votes } = first().status('eu').judgement
  expect(votes.map(({ vantage, standsIn }) => [vantage, standsIn])).toEqual([
    ['one', null],
    ['three', null],
    ['two', 'us'],
  ])
})

test('one of them is cut off from the region, and knows it', async () => {
  const cut = { name: 'cut', api: 'ApiVersions', clientId: 'one', action: { kind: 'close' } } as const
  eu.script.add({ ...cut, times: Number.POSITIVE_INFINITY })
  const { health, judgement } = await first().untilVerdict('eu', 'cut-off')
  expect(health?.level).toBe('down')
  expect(judgement.reason).toBe('three, two see it up: this observer is cut off from it')
  expect(watchers[1]?.status('eu').judgement.verdict).toBe('up')
  eu.script.release('cut')
  await first().untilVerdict('eu', 'up')
})

test('the region swallows everything: all of them say so, and it is down', async () => {
  for (const proxy of eu.proxies) proxy.hold()
  const statuses = await all((watcher) => watcher.untilVerdict('eu', 'down'))
  for (const { judgement } of statuses) expect(judgement.reason).toMatch(/^[23] of 3 vantage points find it down/)
  expect(first().status('us').judgement.verdict).toBe('up')
  for (const proxy of eu.proxies) proxy.release()
  await all((watcher) => watcher.untilVerdict('eu', 'up'))
})

test('a process that stops has no vote, and still counts', async () => {
  const [gone] = watchers.splice(2, 1)
  await gone?.[Symbol.asyncDispose]()
  const { judgement } = await first().until('eu', (status) =>
    status.judgement.votes.some(({ vote }) => vote === 'silent'),
  )
  expect(judgement.votes.map(({ vantage, vote }) => [vantage, vote])).toEqual([
    ['one', 'up'],
    ['three', 'silent'],
    ['two', 'up'],
  ])
})
