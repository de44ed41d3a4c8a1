import { describe, expect, it } from 'vitest'
import { resolvePolicies } from '../../../src/replication/index.ts'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

/** Targets that hold records which no map explains: of others, and of our own whose map is lost. */
const MAP_TOPIC = '__isthmus.offset-map'
const ADOPT = resolvePolicies({ existingTarget: 'adopt' })

const { source, target, from, to } = await startTwoRegions()

/** What another tool copied: the records as they are, in batches of its own, each committed in a transaction. */
async function copyByHand(topic: string, options: { readonly until: number; readonly change?: number }): Promise<void> {
  await to.createTopic(topic)
  const records = (await from.read(topic)).slice(0, options.until)
  const producer = to.kafka.producer({ transactionalId: `tool ${topic}`, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (let at = 0; at < records.length; at += 7) {
    const transaction = await producer.transaction()
    const messages = records.slice(at, at + 7).map(({ key, value, timestamp }, index) => ({
      key,
      value: at + index === options.change ? `${value} changed` : value,
      timestamp: String(timestamp),
    }))
    await transaction.send({ topic, messages })
    await transaction.commit()
  }
  await producer.disconnect()
}

/** Of this day: what is older, retention takes away from the source while a slow test runs. */
const BEGUN = String(Date.now())

async function fill(topic: string, count: number): Promise<void> {
  await from.createTopic(topic)
  const producer = from.kafka.producer({ transactionalId: `app ${topic}`, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (let round = 0; round * 5 < count; round++) {
    const transaction = await producer.transaction()
    // Equal records, timestamps and all, stand side by side.
    const messages = values('', 5).map(() => ({ key: null, value: `round ${round % 3}`, timestamp: BEGUN }))
    await transaction.send({ topic, messages })
    await transaction.commit()
  }
  await producer.disconnect()
}

async function expectEqual(topic: string): Promise<void> {
  expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
}

async function deleteMapTopic(): Promise<void> {
  await to.cluster.deleteTopics([MAP_TOPIC], signal)
  await eventually(
    'the map topic is gone',
    async () => ((await to.cluster.metadata([MAP_TOPIC], signal)).topics[0]?.errorCode === 3 ? true : undefined),
    () => '',
  )
}

describe('a target that somebody else has filled', () => {
  it('is refused by default, by a remedy that names the ways out', async () => {
    await fill('refused', 20)
    await copyByHand('refused', { until: 20 })
    const copier = new Copier(source, target, 'refused')
    const { fault } = await copier.untilStopped()
    await copier.stop()
    expect(fault?.code).toBe('FLOW_TARGET_NOT_EMPTY')
    for (const way of ['adopt', 'rename', 'seeded again']) expect(fault?.remedy).toContain(way)
  })

  it('is adopted and gone on with behind its last record, over restarts, with an exact map', async () => {
    const topic = 'adopted'
    await fill(topic, 100)
    await copyByHand(topic, { until: 60 })
    const first = new Copier(source, target, topic, { policies: ADOPT })
    await first.untilCopied(await from.end(topic))
    expect(first.events('flow:matched')).toMatchObject([
      { why: 'adopted', records: 60, sourceStart: 0, targetStart: 0 },
    ])
    await first.stop()
    await expectEqual(topic)
    // Sixty of the tool with a marker behind every seven, and forty of ours.
    expect(await to.end(topic)).toBe(60 + 9 + 40)

    // Once more with nothing copied in between, and then with the default policy.
    const idle = new Copier(source, target, topic)
    await idle.untilCopied(await from.end(topic))
    await idle.stop()
    const last = new Copier(source, target, topic)
    await fillMore(topic)
    await last.untilCopied(await from.end(topic))
    await expectEqual(topic)
    expect(await last.verify()).toMatchObject({ verdict: 'equal', partitions: [{ records: 110 }] })
    const [ours, theirs] = [await to.read(topic), await from.read(topic)]
    for (const [index, { offset }] of theirs.entries()) {
      const query = { topic, partition: 0, offset, direction: 'source-to-target' as const }
      const { to: place } = await last.replicator.translateOffset({ link: last.flow()!.link, ...query }, signal)
      expect(place).toBe(ours[index]?.offset)
    }
    await last.stop()
  })

  it('is adopted when nothing is left to copy, and stays so after a crash', async () => {
    const topic = 'complete'
    await fill(topic, 20)
    await copyByHand(topic, { until: 20 })
    const first = new Copier(source, target, topic, { policies: ADOPT })
    await first.untilCopied(await from.end(topic))
    await first.crash()
    const second = new Copier(source, target, topic)
    await fillMore(topic)
    await second.untilCopied(await from.end(topic))
    await second.stop()
    await expectEqual(topic)
  })

  it('is refused where one record is not the same, by its offset', async () => {
    const topic = 'changed'
    await fill(topic, 30)
    await copyByHand(topic, { until: 30, change: 17 })
    const copier = new Copier(source, target, topic, { policies: ADOPT })
    const { fault } = await copier.untilStopped()
    await copier.stop()
    expect(fault?.code).toBe('FLOW_MATCH_REFUSED')
    // A marker every seven records here, and every five there.
    expect(fault?.message).toContain('target offset 19, source offset 20')
  })

  async function fillMore(topic: string): Promise<void> {
    await from.produce(topic, values('more', 10))
  }
})

describe('a copy whose map is lost', () => {
  it('goes on with a map that was rebuilt, when the topic was deleted while nothing ran', async () => {
    const topic = 'lost-stopped'
    await fill(topic, 60)
    const first = new Copier(source, target, topic)
    await first.untilCopied(await from.end(topic))
    await first.stop()
    await deleteMapTopic()
    await from.produce(topic, values('later', 30))
    const second = new Copier(source, target, topic)
    await second.untilCopied(await from.end(topic))
    expect(second.events('flow:matched')).toMatchObject([{ why: 'rebuilt', records: 60 }])
    expect(second.events('incident:recorded')).toMatchObject([{ code: 'FLOW_MAP_LOST', action: 'rebuilt' }])
    expect(await second.verify()).toMatchObject({ verdict: 'equal', partitions: [{ records: 90 }] })
    await second.stop()
    await expectEqual(topic)
  })

  it('goes on while it runs', async () => {
    const topic = 'lost-running'
    await fill(topic, 40)
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(await from.end(topic))
    await deleteMapTopic()
    await from.produce(topic, values('later', 30))
    await eventually(
      'rebuilt',
      () => copier.events('flow:matched')[0],
      () => copier.describe(),
    )
    await from.produce(topic, values('after', 30))
    await copier.untilCopied(await from.end(topic))
    await copier.stop()
    await expectEqual(topic)
  })

  it('goes on when somebody wrote over an entry, and tells what was written', async () => {
    const topic = 'damaged'
    await fill(topic, 40)
    const first = new Copier(source, target, topic)
    await first.untilCopied(await from.end(topic))
    await first.stop()
    await writeOverEntries(topic)
    await from.produce(topic, values('later', 10))
    const second = new Copier(source, target, topic)
    await second.untilCopied(await from.end(topic))
    expect(second.events('flow:matched')).toMatchObject([{ why: 'rebuilt', records: 40 }])
    await second.stop()
    const third = new Copier(source, target, topic)
    await from.produce(topic, values('at last', 10))
    await third.untilCopied(await from.end(topic))
    expect(third.events('flow:matched')).toEqual([])
    await third.stop()
    await expectEqual(topic)
  })

  it('stops where the policy says so', async () => {
    const topic = 'lost-stop'
    await fill(topic, 20)
    const first = new Copier(source, target, topic)
    await first.untilCopied(await from.end(topic))
    await first.stop()
    await deleteMapTopic()
    const second = new Copier(source, target, topic, { policies: resolvePolicies({ mapLost: 'stop' }) })
    const { fault } = await second.untilStopped()
    await second.stop()
    expect(fault?.code).toBe('FLOW_MAP_LOST')
  })

  /** Junk under the key of every entry of a topic, and under keys that nobody has ever used. */
  async function writeOverEntries(topic: string): Promise<void> {
    const { topics } = await to.cluster.metadata([MAP_TOPIC], signal)
    const producer = to.kafka.producer()
    await producer.connect()
    for (const { partition } of topics[0]?.partitions ?? []) {
      const keys = (await to.read(MAP_TOPIC, partition)).map(({ key }) => key ?? '')
      const ours = keys.filter((key) => key.startsWith(`flow/source/${topic}/`))
      if (ours.length === 0) continue
      const messages = [...ours, 'junk', 'owner/1'].map((key) => ({ key, value: 'junk', partition }))
      await producer.send({ topic: MAP_TOPIC, messages })
    }
    await producer.disconnect()
  }
})
