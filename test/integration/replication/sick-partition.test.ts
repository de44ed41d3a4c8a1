import { expect, it } from 'vitest'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const MAP_TOPIC = '__isthmus.offset-map'

const { source, target, from, to } = await startTwoRegions({ to: { brokers: 3 } })

async function leaderOf(topic: string): Promise<number> {
  const { topics } = await to.cluster.metadata([topic], signal)
  return topics[0]?.partitions[0]?.leaderId ?? -1
}

it('takes a shard over although one of its partitions can take no marker, and that one when it can again', async () => {
  // One shard for all, and copies with one replica each: spread over the brokers, so that one of them can be missed.
  await to.createTopic(MAP_TOPIC, { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' })
  const topics = ['one-a', 'one-b', 'one-c', 'one-d', 'one-e', 'one-f', 'one-g', 'one-h']
  for (const topic of topics) {
    await from.createTopic(topic)
    await from.produce(topic, values('before', 20))
  }
  const first = new Copier(source, target, 'one-*', { replicationFactor: 1 })
  for (const topic of topics) await first.untilCopied(20, topic)
  await first.crash()
  const leaders = new Map<string, number>()
  for (const topic of topics) leaders.set(topic, await leaderOf(topic))
  const missed = Math.max(...leaders.values())
  const sick = topics.filter((topic) => leaders.get(topic) === missed)
  const fit = topics.filter((topic) => leaders.get(topic) !== missed)
  await target.stopBroker(missed - 1, { hard: true })
  await eventually(
    'no leader',
    async () => ((await leaderOf(sick[0]!)) < 0 ? true : undefined),
    () => '',
  )
  for (const topic of topics) await from.produce(topic, values('after', 20))

  const next = new Copier(source, target, 'one-*', { replicationFactor: 1 })
  for (const topic of fit) await next.untilCopied(40, topic)
  for (const topic of sick) {
    const waits = () => next.flow(topic)?.reason.includes("it can't be fenced yet: LEADER_NOT_AVAILABLE") || undefined
    await eventually(`${topic} waits for its fence`, waits, () => next.describe())
    expect(next.events('shard:trouble').some(({ reason }) => reason.includes(`${topic}-0`))).toBe(true)
  }

  await target.startBroker(missed - 1)
  for (const topic of sick) await next.untilCopied(40, topic)
  await next.stop()
  for (const topic of topics) expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
  expect(fit.length).toBeGreaterThan(0)
  expect(next.events('shard:owned')).toHaveLength(1)
  expect(next.events('shard:handed-over')).toHaveLength(1)
})
