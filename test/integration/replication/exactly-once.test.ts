import { describe, expect, it } from 'vitest'
import { encodeBatch } from '../../../src/kafka/index.ts'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

// The source forgets transactional ids within seconds: it is the target where that is tried. It compacts quickly.
const forgetful = {
  'transactional.id.expiration.ms': '2000',
  'transaction.remove.expired.transaction.cleanup.interval.ms': '500',
  'log.cleaner.backoff.ms': '300',
  'log.initial.task.delay.ms': '500',
}
const { source, target, from, to } = await startTwoRegions({ from: { brokerConfig: forgetful } })

async function expectEqual(topic: string): Promise<void> {
  expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
}

async function copyOnce(topic: string, records: readonly string[]): Promise<void> {
  await from.createTopic(topic)
  await from.produce(topic, records)
  const copier = new Copier(source, target, topic)
  await copier.untilCopied(records.length)
  await copier.stop()
}

describe('a copy that is stopped and started', () => {
  it('keeps the offsets identical', async () => {
    await copyOnce('graceful', values('before', 200))
    await from.produce('graceful', values('after', 100))
    const next = new Copier(source, target, 'graceful')
    const flow = await next.untilCopied(300)
    await next.stop()

    expect(next.events('shard:owned').map(({ fenced }) => fenced)).toEqual(['clean-hand-over'])
    expect(flow).toMatchObject({ offsetsIdentical: true, targetNext: 300, counters: { recordsCopied: 100 } })
    expect(await to.read('graceful')).toEqual(await from.read('graceful'))
  })

  it('does not lose, repeat or reorder a record of a transactional source over crashes', async () => {
    const topic = 'crashes'
    await from.createTopic(topic)
    const committed: string[] = []
    const producer = from.kafka.producer({ transactionalId: 'crashes', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (let crash = 0; crash < 4; crash++) {
      const copier = new Copier(source, target, topic, { processName: `owner ${crash}` })
      await eventually(
        'running',
        () => copier.flow()?.state === 'running' || undefined,
        () => '',
      )
      for (let round = 0; round < 12; round++) {
        const transaction = await producer.transaction()
        const records = values(`${crash}/${round}`, 7)
        await transaction.send({ topic, messages: records.map((value) => ({ key: null, value })) })
        if (round % 3 === 1) await transaction.abort()
        else {
          await transaction.commit()
          committed.push(...records)
        }
      }
      await copier.crash()
    }
    await producer.disconnect()
    const last = new Copier(source, target, topic)
    const flow = await last.untilCopied(await from.end(topic))
    await last.stop()

    expect((await to.read(topic)).map(({ value }) => value)).toEqual(committed)
    expect(flow.offsetsIdentical).toBe(false)
    expect(last.events('shard:owned').map(({ fenced }) => fenced)).toEqual(['fenced'])
  })

  it('counts what the source deleted meanwhile as a gap', async () => {
    await copyOnce('gap', values('before', 50))
    await from.produce('gap', values('after', 50))
    await from.cluster.deleteRecords([{ topic: 'gap', partition: 0, offset: 70 }], signal)
    const next = new Copier(source, target, 'gap')
    const flow = await next.untilCopied(100)
    await next.stop()

    expect(next.events('flow:gap')).toMatchObject([{ kind: 'retention', fromOffset: 50, toOffset: 70 }])
    expect(flow.counters.recordsLost).toBe(20)
    const held = (await to.read('gap')).map(({ value }) => value)
    expect(held.slice(-30)).toEqual(values('after', 50).slice(20))
  })
})

describe('two replicators at once', () => {
  it('ends the older one, and nothing is repeated', async () => {
    const topic = 'twins'
    await from.createTopic(topic)
    await from.produce(topic, values('before', 100))
    const older = new Copier(source, target, topic, { processName: 'older' })
    await older.untilCopied(100)
    const newer = new Copier(source, target, topic, { processName: 'newer' })
    for (let round = 0; round < 10; round++) await from.produce(topic, values(`during ${round}`, 20))
    await newer.untilCopied(300)
    // The older one learns of it when it has something to send.
    await from.produce(topic, values('after', 10))
    const why = await older.replicator.untilFenced()
    await newer.untilCopied(310)
    await older.stop()
    await newer.stop()

    expect(why).toContain('INVALID_PRODUCER_EPOCH')
    expect(newer.events('shard:lost')).toEqual([])
    await expectEqual(topic)
  })

  it('fences an owner that the broker has forgotten with markers of its own producer id', async () => {
    const topic = 'forgotten'
    await to.createTopic(topic)
    await to.produce(topic, values('before', 20))
    const old = new Copier(target, source, topic, { processName: 'old' })
    await old.untilCopied(20)
    const identity = old.events('shard:owned')[0]
    const shard = `__isthmus.shard-${identity?.shard}`
    await old.crash()
    await eventually(
      'the transactional id is forgotten',
      async () => ((await from.cluster.describeTransaction(shard, signal)) === undefined ? true : undefined),
      () => '',
    )
    const next = new Copier(target, source, topic, { processName: 'next' })
    await next.untilCopied(20)
    const owned = next.events('shard:owned')[0]
    const channel = await from.cluster.openChannel((await from.cluster.metadata([], signal)).brokers[0]!.nodeId, signal)
    const batch = encodeBatch({
      records: [{ timestamp: 1, key: null, value: Buffer.from('a zombie was here') }],
      codec: 'none',
      producerId: identity!.producerId,
      producerEpoch: identity!.producerEpoch,
      baseSequence: 20,
    })
    const topicId = await from.topicId(topic)
    const answer = await channel.produce({ timeoutMs: 5_000, batches: [{ topic, topicId, partition: 0, batch }] })
    await channel.close()
    await to.produce(topic, values('after', 20))
    await next.untilCopied(40)
    await next.stop()

    expect(owned).toMatchObject({ fenced: 'markers-written' })
    expect(owned?.producerId).not.toBe(identity?.producerId)
    expect(answer.partitions[0]?.errorCode).toBe(47)
    expect(contents(await from.read(topic))).toEqual(contents(await to.read(topic)))
  })
})

describe('somebody else writes to the target', () => {
  it('stops the flow that finds it at its start', async () => {
    await copyOnce('foreign-down', values('before', 30))
    await to.produce('foreign-down', ['not ours'])
    await from.produce('foreign-down', values('after', 30))
    const next = new Copier(source, target, 'foreign-down')
    const flow = await next.untilStopped()
    await next.stop()

    expect(flow.fault?.code).toBe('FLOW_DIVERGED')
    expect(await to.end('foreign-down')).toBe(31)
  })

  it('stops the flow that meets it while it runs', async () => {
    const topic = 'foreign-live'
    await from.createTopic(topic)
    await from.produce(topic, values('before', 30))
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(30)
    await to.produce(topic, ['not ours'])
    await from.produce(topic, values('after', 5))
    const flow = await copier.untilStopped()
    await copier.stop()

    expect(flow.fault?.code).toBe('FLOW_DIVERGED')
    expect(flow.fault?.message).toContain('offset 30')
  })

  it('does not count a foreign record as one of the source after a lost connection', async () => {
    const topic = 'foreign-cut'
    await from.createTopic(topic)
    await from.produce(topic, values('before', 30))
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(30)
    await to.produce(topic, ['not ours'])
    await target.stopBroker(0, { hard: true })
    await from.produce(topic, values('after', 5))
    await target.startBroker(0)
    const flow = await copier.untilStopped()
    await copier.stop()

    expect(flow.fault?.code).toBe('FLOW_DIVERGED')
  })
})

describe('topics that change under a copy', () => {
  it('seeds a target again that was deleted', async () => {
    const topic = 'reseeded'
    await from.createTopic(topic)
    await from.produce(topic, values('before', 40))
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(40)
    const first = await to.topicId(topic)
    await to.cluster.deleteTopics([topic], signal)
    await eventually(
      'the copy is made again',
      async () => ((await to.topicId(topic)) !== first && (await to.end(topic)) === 40 ? true : undefined),
      () => JSON.stringify(copier.flow()),
    )
    await from.produce(topic, values('after', 10))
    const flow = await copier.untilCopied(50)
    await copier.stop()

    expect(flow.offsetsIdentical).toBe(true)
    expect(await to.read(topic)).toEqual(await from.read(topic))
  })

  it('copies a compacted topic with its holes', async () => {
    const topic = 'compacted'
    await from.createTopic(topic, {
      'cleanup.policy': 'compact',
      'segment.ms': '200',
      'min.cleanable.dirty.ratio': '0.01',
      'min.compaction.lag.ms': '0',
    })
    const producer = from.kafka.producer()
    await producer.connect()
    for (let round = 0; round < 8; round++) {
      const messages = Array.from({ length: 30 }, (_, index) => ({
        key: `key ${(index * 7 + round) % (20 + round)}`,
        value: `round ${round} ${index}`,
      }))
      await producer.send({ topic, messages })
    }
    await eventually(
      'compacted',
      async () => {
        await producer.send({ topic, messages: [{ key: 'last', value: 'rolls the segment' }] })
        const held = await from.read(topic)
        return held.length < 150 ? true : undefined
      },
      () => '',
      60_000,
    )
    await producer.disconnect()
    const copier = new Copier(source, target, topic)
    const flow = await copier.untilCopied(await from.end(topic))
    const [ours, theirs] = [await to.read(topic), await from.read(topic)]
    const offsets = await Promise.all(
      theirs.map(async ({ offset }) => {
        const query = { link: flow.link, topic, partition: 0, offset, direction: 'source-to-target' as const }
        return (await copier.replicator.translateOffset(query, signal)).to
      }),
    )
    await copier.stop()

    expect(flow.counters.holes).toBeGreaterThan(50)
    expect(contents(ours)).toEqual(contents(theirs))
    expect(ours.map(({ offset }) => offset)).toEqual(offsets)
  })
})
