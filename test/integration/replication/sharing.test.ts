import { afterAll, expect, it } from 'vitest'
import { linkName } from '../../../src/core/index.ts'
import type { Replicator } from '../../../src/replication/index.ts'
import { contents, eventually, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'
import { describeLinks, LEFT, type LinkBetween, Processes, RIGHT, untilCopied } from './processes.ts'

const { source, target, from, to } = await startTwoRegions()

const processes = new Processes(source, target)

afterAll(async () => {
  await processes.stop()
})

const link = (topic: string): LinkBetween => {
  return { name: linkName(topic), source: LEFT, target: RIGHT, topics: { include: [topic], exclude: [] } }
}

const untilDiffering = (replicator: Replicator) => {
  const look = () => {
    const { links, members } = replicator.status()
    const own = members.find(({ isThisProcess }) => isThisProcess)
    const isWaiting = links.every(({ state, reason }) => state === 'degraded' && reason.startsWith('SHARING_DIFFERS'))
    return isWaiting && own?.shards.length === 0 && own.differs !== null ? own.differs : undefined
  }
  return eventually('it waits', look, describeLinks(replicator), 60_000)
}

it('a replicator with other links waits until the others have stopped, and then copies everything', async () => {
  for (const topic of ['orders', 'payments']) {
    await from.createTopic(topic)
    await from.produce(topic, values(topic, 5))
  }
  const old = processes.startMember('old', link('orders'))
  await untilCopied(old, 'orders', 5)
  const young = processes.startMember('a-young', link('orders'), link('payments'))
  expect(await untilDiffering(young)).toContain('held against old, has also link payments')
  await from.produce('orders', values('more', 5))
  await untilCopied(old, 'orders', 10)
  await old.stop(8_000)
  await untilCopied(young, 'payments', 5)
  await untilCopied(young, 'orders', 10)
  expect(young.status().links.map(({ state }) => state)).toEqual(['running', 'running'])
  for (const topic of ['orders', 'payments']) {
    expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
  }
}, 150_000)
