import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { linkName, regionName } from '../../../src/core/index.ts'
import type { Cluster } from '../../../src/kafka/index.ts'
import { Replicator } from '../../../src/replication/replicator.ts'
import { TargetEngine } from '../../../src/replication/target-engine.ts'
import { ManualClock, neverAborted, random } from './flows/flow-fixtures.ts'

const [EU, US] = [regionName('eu'), regionName('us')]
const LINK = linkName('eu-to-us')
const ALL = { include: ['*'], exclude: [] }

let replicator: Replicator

beforeEach(() => {
  const isDown = () => Promise.reject(new Error('the region does not answer'))
  const stub: Partial<Cluster> = { metadata: isDown, listOffsets: isDown }
  const cluster = stub as Cluster
  replicator = new Replicator({
    clusters: new Map([
      [EU, cluster],
      [US, cluster],
    ]),
    links: [{ name: LINK, source: EU, target: US, topics: ALL, groups: ALL, start: 'earliest' }],
    topicSyncMs: 1_000,
    positionSyncMs: 1_000,
    replicationFactor: 1,
    bufferBytes: 1 << 20,
    processName: 'here',
    clock: new ManualClock(),
    random,
  })
})

afterEach(() => void vi.restoreAllMocks())

const share = (...names: readonly string[]) =>
  vi.spyOn(TargetEngine.prototype, 'members').mockReturnValue(
    names.map((name) => {
      return { target: US, name, isThisProcess: name === 'here', shards: [], differs: null }
    }),
  )
const remove = (dryRun: boolean) => replicator.removeLink(LINK, { dryRun, deleteTopics: false }, neverAborted)
const state = () => replicator.status().links[0]?.state

it('removes no link whose target other replicators share, and stops nothing', async () => {
  share('here', 'there', 'elsewhere')
  await expect(remove(false)).rejects.toMatchObject({
    code: 'LINK_SHARED',
    status: 409,
    facts: { members: 'there, elsewhere' },
  })
  expect(state()).toBe('starting')
  await expect(remove(true)).rejects.toThrow('the region does not answer')
})

it('removes no link before it is known who shares its target', async () => {
  vi.spyOn(TargetEngine.prototype, 'waiting', 'get').mockReturnValue('joining')
  await expect(remove(false)).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  expect(state()).toBe('starting')
})

it('stops a link for its removal where it is alone', async () => {
  share('here')
  await expect(remove(false)).rejects.toThrow('the region does not answer')
  expect(state()).toBe('stopped')
})

it('takes over other links of the configuration: new ones, gone ones, and changed ones anew', async () => {
  const rain = { name: linkName('rain'), source: EU, target: US, topics: ALL, groups: ALL, start: 'earliest' } as const
  const names = () => replicator.links().map(({ name, topics }) => `${name} ${topics.include.join()}`)
  const [first] = replicator.links()
  await replicator.declareLinks([rain, ...(first ? [first] : [])], neverAborted)
  expect(names()).toEqual(['eu-to-us *', 'rain *'])
  expect(replicator.links()[0]).toBe(first)
  await replicator.declareLinks([{ ...rain, topics: { include: ['rain'], exclude: [] } }], neverAborted)
  expect(names()).toEqual(['rain rain'])
})

it('leaves links that were added by name alone, and those that somebody removed', async () => {
  const added = {
    name: linkName('added'),
    source: US,
    target: EU,
    topics: ALL,
    groups: ALL,
    start: 'earliest',
  } as const
  const [first] = replicator.links()
  await replicator.addLink(added)
  await replicator.stopLink(LINK, 'a test', neverAborted)
  await replicator.declareLinks(first ? [first] : [], neverAborted)
  expect(replicator.links().map(({ name }) => name)).toEqual(['added'])
})
