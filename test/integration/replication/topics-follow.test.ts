import { describe, expect, it } from 'vitest'
import { linkName } from '../../../src/core/index.ts'
import type { Side } from './copy-trial.ts'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const { source, target, from, to } = await startTwoRegions()

async function configsOf(side: Side, topic: string): Promise<Record<string, string | null>> {
  const [described] = await side.cluster.describeTopicConfigs([topic], signal)
  return Object.fromEntries((described?.entries ?? []).map(({ name, value }) => [name, value]))
}

async function startOf(side: Side, topic: string): Promise<number> {
  const partitions = [{ topic, partition: 0, timestamp: -2 }]
  const [listed] = await side.cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
  return listed?.offset ?? -1
}

/** Entries of the topic's flows that compaction of the map topic would keep. */
async function countMapEntries(topic: string): Promise<number> {
  const live = new Set<string>()
  for (let shard = 0; shard < 64; shard++) {
    for (const { key, value } of await to.read('__isthmus.offset-map', shard)) {
      if (key === null || !key.includes(`/${topic}/`)) continue
      if (value === null) live.delete(key)
      else live.add(key)
    }
  }
  return live.size
}

describe('topics of a standby', () => {
  it('are created with configs that let copies in unchanged, keep everything, and follow growth and changes', async () => {
    const topic = 'followed'
    await from.createTopic(topic, { 'retention.ms': '3600000', 'max.message.bytes': '2000000', 'segment.ms': '700000' })
    await from.produce(topic, values('first', 10))
    const copier = new Copier(source, target, topic)
    try {
      await copier.untilCopied(10)
      expect(await configsOf(to, topic)).toMatchObject({
        'compression.type': 'producer',
        'message.timestamp.type': 'CreateTime',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'max.message.bytes': '2000000',
        'segment.ms': '700000',
      })

      await from.cluster.createPartitions(topic, 3, signal)
      await from.cluster.alterTopicConfigs(topic, { 'segment.ms': '800000' }, signal)
      const isFollowed = async () => {
        const flows = copier.replicator.status().links[0]?.flows ?? []
        const configs = await configsOf(to, topic)
        return (
          (flows.filter(({ state }) => state === 'running').length === 3 && configs['segment.ms'] === '800000') ||
          undefined
        )
      }
      await eventually('growth and the change are followed', isFollowed, () => copier.describe())
    } finally {
      await copier.stop()
    }
  })

  it('lose what was deleted at the source, and the map with it', async () => {
    const topic = 'shortened'
    await from.createTopic(topic)
    const copier = new Copier(source, target, topic)
    try {
      const producer = from.kafka.producer({ transactionalId: 'shortened', maxInFlightRequests: 1, idempotent: true })
      await producer.connect()
      for (let round = 0; round < 600; round++) {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: values(`round ${round}`, 2).map((value) => ({ key: null, value })) })
        await transaction.commit()
      }
      await producer.disconnect()
      await copier.untilCopied(1_800)
      const entriesBefore = await countMapEntries(topic)
      expect(entriesBefore).toBeGreaterThan(20)
      await from.cluster.deleteRecords([{ topic, partition: 0, offset: 1_700 }], signal)
      const hasMoved = async () => ((await startOf(to, topic)) > 0 ? true : undefined)
      await eventually('the log start is followed', hasMoved, () =>
        JSON.stringify(copier.events('link:error').slice(-2)),
      )

      expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
      const isShorter = async () => ((await countMapEntries(topic)) < entriesBefore / 2 ? true : undefined)
      await eventually('the map is shortened', isShorter, () => `${entriesBefore} entries before`)
      const query = {
        link: linkName('trial'),
        topic,
        partition: 0,
        offset: 1_700,
        direction: 'source-to-target' as const,
      }
      const { to: offset } = await copier.replicator.translateOffset(query, signal)
      expect(offset).toBe(await startOf(to, topic))
    } finally {
      await copier.stop()
    }
  }, 90_000)
})
