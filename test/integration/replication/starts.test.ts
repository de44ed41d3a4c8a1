import { describe, expect, it } from 'vitest'
import { type Codec, encodeBatch } from '../../../src/kafka/index.ts'
import { contents, Copier, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const { source, target, from, to } = await startTwoRegions()

/** One batch, at one time. */
async function produceBatch(topic: string, codec: Codec, records: readonly string[], timestamp: number): Promise<void> {
  const batch = encodeBatch({
    records: records.map((value) => ({ timestamp, key: null, value: Buffer.from(value.repeat(20)), headers: [] })),
    codec,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
  })
  const topicId = await from.topicId(topic)
  const leader = from.cluster.leaderOf(topic, 0)
  const channel = await from.cluster.openChannel(leader?.leaderId ?? -1, signal)
  const answer = await channel.produce({ timeoutMs: 5_000, batches: [{ topic, topicId, partition: 0, batch }] })
  await channel.close()
  expect(answer.partitions).toMatchObject([{ errorCode: 0 }])
}

const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe('a copy that starts', () => {
  it('inside a batch gets what is left of it, in every codec', async () => {
    for (const codec of CODECS) {
      const topic = `inside-${codec}`
      await from.createTopic(topic)
      await produceBatch(topic, codec, values(codec, 50), Date.now())
      await from.cluster.deleteRecords([{ topic, partition: 0, offset: 20 }], signal)
    }
    const copier = new Copier(source, target, 'inside-*')
    try {
      for (const codec of CODECS) {
        const topic = `inside-${codec}`
        const flow = await copier.untilCopied(50, topic)
        expect(flow).toMatchObject({ targetNext: 30, counters: { recordsCopied: 30, batchesRepacked: 1 } })
        expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
      }
    } finally {
      await copier.stop()
    }
  }, 60_000)

  it('at a time leaves out what is before; topics made later are copied from their beginning', async () => {
    const hour = 3_600_000
    const now = Date.now()
    await from.createTopic('timed')
    await produceBatch('timed', 'none', values('old', 10), now - 2 * hour)
    await produceBatch('timed', 'none', values('new', 10), now - hour / 2)
    const timed = new Copier(source, target, 'timed*', { start: { timestampMs: now - hour } })
    await timed.untilCopied(20, 'timed')
    await from.createTopic('timed-later')
    await produceBatch('timed-later', 'none', values('old', 10), now - 2 * hour)
    await timed.untilCopied(10, 'timed-later')
    await timed.stop()
    expect(await to.end('timed')).toBe(10)
    expect(await to.end('timed-later')).toBe(10)
  }, 60_000)

  it('at the end takes what is written from then on', async () => {
    await from.createTopic('ended')
    await produceBatch('ended', 'none', values('before', 10), Date.now())
    const copier = new Copier(source, target, 'ended', { start: 'latest' })
    await copier.untilCopied(10)
    await produceBatch('ended', 'none', values('after', 5), Date.now())
    await copier.untilCopied(15)
    await copier.stop()
    expect(contents(await to.read('ended'))).toEqual(contents(await from.read('ended')).slice(10))
  })
})
