import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { Watcher } from './watching.ts'

/** One region of three brokers, each a controller too, through all that can happen to some or all of them. */
const STRICT = 'all-in-sync'

let region: LocalRegion
let watcher: Watcher

beforeAll(async () => {
  // A dead broker leaves the sets of replicas in sync with its session; until then nothing is written with acks=all.
  region = await startRegion({ name: 'watched', brokers: 3, brokerConfig: { 'broker.session.timeout.ms': '3000' } })
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: 'eu', bootstrap: region.bootstrap, context })
  const topic = { topic: STRICT, partitions: 3, replicationFactor: 3, configs: { 'min.insync.replicas': '3' } }
  await cluster.createTopics([topic], AbortSignal.timeout(30_000))
  watcher = new Watcher([{ name: 'eu', bootstrap: region.bootstrap }], 'first')
}, 180_000)

afterAll(async () => {
  await watcher[Symbol.asyncDispose]()
  await region.stop()
}, 60_000)

test('a region that is well: each broker leads a canary, the quorum is whole, the clock is read', async () => {
  const { sample } = await watcher.until('eu', ({ health, sample: it }) => {
    return health?.level === 'healthy' && it?.canary.kind === 'ok' && it.canary.value.written === 3
  })
  expect(sample?.brokers.map(({ state }) => state)).toEqual(['answers', 'answers', 'answers'])
  expect(sample?.quorum).toMatchObject({ kind: 'ok', value: { voters: [1, 2, 3], lagging: [] } })
  expect(sample?.partitions).toMatchObject({ kind: 'ok', value: { offline: { count: 0 }, missingBrokers: [] } })
  // The clocks are one clock.
  expect(sample?.clock.kind === 'ok' && Math.abs(sample.clock.value.offsetMs)).toBeLessThan(5_000)
})

test('one broker is killed: degraded, with the broker and the partitions that want it', async () => {
  await region.stopBroker(2, { hard: true })
  // Until its session ends it is among the live ones, and does not answer; then it is missing.
  await watcher.until('eu', () => watcher.codes('eu').includes('broker-missing'))
  const { sample } = await watcher.until('eu', () => watcher.codes('eu').includes('partitions-under-min-isr'))
  expect(sample?.partitions).toMatchObject({ kind: 'ok', value: { missingBrokers: [3], offline: { count: 0 } } })
  const names = sample?.partitions.kind === 'ok' ? sample.partitions.value.underMinIsr.examples : []
  expect(names).toEqual(expect.arrayContaining([`${STRICT}-0`, `${STRICT}-1`, `${STRICT}-2`]))
  await watcher.untilLevel('eu', 'degraded')
  expect(watcher.status('eu').judgement.verdict).toBe('up')
})

test('it is back: healthy again', async () => {
  await region.startBroker(2)
  await watcher.untilLevel('eu', 'healthy')
  expect(watcher.told.filter((line) => line.includes('down'))).toEqual([])
})

test('two of three are frozen: one answers, but takes no write and reaches no controller', async () => {
  await region.pauseBroker(0)
  await region.pauseBroker(1)
  const { health, sample } = await watcher.untilLevel('eu', 'down')
  expect(health?.findings.map(({ code }) => code)).toEqual(['writes-refused'])
  expect(sample?.brokers.filter(({ state }) => state === 'answers').map(({ nodeId }) => nodeId)).toEqual([3])
  expect(sample?.quorum.kind).toBe('failed')
})

test('all of them are frozen: down, since none of them answers', async () => {
  await region.pauseBroker(2)
  const { judgement } = await watcher.until('eu', () => watcher.codes('eu').includes('no-broker-answers'))
  expect(judgement).toMatchObject({
    verdict: 'unconfirmed',
    reason: 'it is down from here, and there are no three vantage points to ask',
  })
})

test('they go on: healthy again', async () => {
  for (const index of [0, 1, 2]) await region.resumeBroker(index)
  await watcher.untilLevel('eu', 'healthy')
  expect(watcher.told.filter((line) => line.includes('down'))).toEqual([
    'eu suspect => down',
    expect.stringMatching(/^eu down => /),
  ])
})
