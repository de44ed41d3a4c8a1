import { beforeEach, expect, test } from 'vitest'
import { ConfigSight } from '../../../../src/replication/topics/config-sight.ts'
import { TopicsInMemory } from './topics-in-memory.ts'

const signal = new AbortController().signal
let region: TopicsInMemory
let asked: string[][]
let sight: ConfigSight

beforeEach(() => {
  region = new TopicsInMemory('eu')
  asked = []
  const describe = region.describeTopicConfigs.bind(region)
  region.describeTopicConfigs = async (topics) => {
    asked.push([...topics])
    return describe(topics)
  }
  sight = new ConfigSight(region.cluster)
})

async function look() {
  asked.length = 0
  return sight.look((await region.metadata('all')).topics, signal)
}

test('of very many topics all are asked for once, then a thousand a pass in turns', async () => {
  for (let index = 0; index < 2_500; index++) region.add(`t${index}`, { configs: { 'flush.ms': '7' } })
  expect((await look()).size).toBe(2_500)
  expect(asked.map(({ length }) => length)).toEqual(Array(25).fill(100))
  const turns: string[] = []
  for (let pass = 0; pass < 3; pass++) {
    expect((await look()).size).toBe(2_500)
    expect(asked.flat()).toHaveLength(1_000)
    turns.push(...asked.flat())
  }
  expect(new Set(turns).size).toBe(2_500)
})

test('a topic that is new, was made anew or is doubted is asked for at once', async () => {
  for (let index = 0; index < 2_500; index++) region.add(`t${index}`)
  await look()
  region.add('t2000', { configs: { 'flush.ms': '8' } })
  region.add('young')
  sight.doubt('t2100')
  const told = await look()
  expect(asked.flat()).toEqual(expect.arrayContaining(['t2000', 'young', 't2100']))
  expect(told.get('t2000')).toContainEqual(expect.objectContaining({ name: 'flush.ms', value: '8' }))
  region.topics.delete('t3')
  expect((await look()).has('t3')).toBe(false)
})

test('kept is what the topic sets itself and what counts whoever sets it; all names are known', async () => {
  region.add('t', { configs: { 'flush.ms': '7' } })
  const entries = (await look()).get('t')
  expect(entries).toMatchObject([{ name: 'cleanup.policy' }, { name: 'flush.ms' }, { name: 'max.message.bytes' }])
  expect(sight.names).toContain('segment.ms')
})
