import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import { type Cluster, KeyedTopic, openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'

const context = { clock, random }
let region: LocalRegion
let cluster: Cluster

beforeAll(async () => {
  region = await startRegion({ name: 'keyed-topic', brokers: 1 })
  cluster = openCluster({ name: 'eu', bootstrap: region.bootstrap, context })
}, 120_000)

afterAll(async () => {
  await cluster.close()
  await region.stop()
})

const signal = () => AbortSignal.timeout(30_000)
const open = (topic: string) => new KeyedTopic({ cluster, topic, context })

test('the latest value of each key counts, and a key can be removed', async () => {
  const topic = `keyed-${randomUUID()}`
  await using one = open(topic)
  await using other = open(topic)
  expect(await one.readAll(signal())).toEqual(new Map())
  await one.put('a', 'first', signal())
  await other.put('b', 'Ω'.repeat(100_000), signal())
  await one.put('a', 'second', signal())
  await one.put('c', 'short', signal())
  await other.put('c', null, signal())
  const expected = new Map([
    ['b', 'Ω'.repeat(100_000)],
    ['a', 'second'],
  ])
  expect(await one.readAll(signal())).toEqual(expected)
  expect(await other.readAll(signal())).toEqual(expected)
})

test('the topic is compacted, and keeps what was acknowledged', async () => {
  const topic = `keyed-${randomUUID()}`
  await using keyed = open(topic)
  await keyed.put('a', '1', signal())
  const [configs] = await cluster.describeTopicConfigs([topic], signal())
  const own = Object.fromEntries((configs?.entries ?? []).map(({ name, value }) => [name, value]))
  expect(own).toMatchObject({ 'cleanup.policy': 'compact', 'unclean.leader.election.enable': 'false' })
})

test('more than one answer holds is read to its end', async () => {
  const topic = `keyed-${randomUUID()}`
  await using keyed = open(topic)
  const value = 'x'.repeat(900_000)
  for (let key = 0; key < 12; key++) await keyed.put(`key-${key}`, value + key, signal())
  const all = await keyed.readAll(signal())
  expect([...all.keys()]).toHaveLength(12)
  expect(all.get('key-11')).toBe(`${value}11`)
})

test('a topic that was deleted is made anew', async () => {
  const topic = `keyed-${randomUUID()}`
  await using keyed = open(topic)
  await keyed.put('a', '1', signal())
  await cluster.deleteTopics([topic], signal())
  await keyed.put('b', '2', signal())
  expect(await keyed.readAll(signal())).toEqual(new Map([['b', '2']]))
})
