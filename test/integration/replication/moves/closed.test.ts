import { afterEach, describe, expect, it } from 'vitest'
import { encodeBatch } from '../../../../src/kafka/index.ts'
import { eventually, signal, values } from '../copy-trial.ts'
import { describeLinks, LEFT, Processes, RIGHT, untilCopied } from '../processes.ts'
import { startTwoRegions } from '../two-regions.ts'
import { Mover } from './moving.ts'

const { source, target, from, to } = await startTwoRegions()
const processes = new Processes(source, target)
let mover: Mover | undefined

afterEach(async () => {
  await processes.stop()
  await mover?.stop()
  mover = undefined
})

const linkOf = (topic: string) => ({ source: LEFT, target: RIGHT, topics: { include: [topic], exclude: [] } })
const PROMOTION = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const

describe('a copy whose target has become the active region', () => {
  it('is left alone by a replicator that does not know of it, whose other copies go on', async () => {
    await from.createTopic('moved')
    await from.createTopic('stays')
    await from.produce('moved', values('before', 20))
    await from.produce('stays', values('before', 20))
    const stale = processes.start(linkOf('moved'), { ...linkOf('stays'), name: 'other' as never })
    await untilCopied(stale, 'moved', 20)
    await untilCopied(stale, 'stays', 20)
    const configs = await to.cluster.describeTopicConfigs(['moved'], signal)

    mover = new Mover({ left: source, right: target }, ['moved'])
    const { closed, waiting } = await mover.replicator.moves.close(mover.link('left', 'right'), PROMOTION, signal)
    expect(waiting).toEqual([])
    expect(closed).toMatchObject([{ source: 20, target: 21, copied: { source: 20, target: 20 } }])
    await from.produce('moved', values('too late', 5))
    await from.produce('stays', values('after', 5))
    await untilCopied(stale, 'stays', 25)
    const flow = await eventually(
      'the flow stops',
      () => stale.status().links[0]?.flows.find(({ state }) => state === 'stopped'),
      describeLinks(stale),
    )
    expect(flow.fault?.code).toBe('FLOW_CLOSED')
    expect(await to.end('moved')).toBe(21)

    await processes.stop()
    const restarted = processes.start(linkOf('moved'))
    await eventually(
      'it stops again',
      () => restarted.status().links[0]?.flows.find(({ fault }) => fault?.code === 'FLOW_CLOSED'),
      describeLinks(restarted),
    )
    expect(await to.end('moved')).toBe(21)
    expect(await to.cluster.describeTopicConfigs(['moved'], signal)).toEqual(configs)
  }, 60_000)

  it('refuses what the owner before had sent late', async () => {
    await from.createTopic('late')
    await from.produce('late', values('before', 10))
    const frozen = processes.start(linkOf('late'))
    const owned = Promise.withResolvers<{ readonly producerId: bigint; readonly producerEpoch: number }>()
    frozen.events.on('shard:owned', (event) => owned.resolve(event))
    await untilCopied(frozen, 'late', 10)
    const { producerId, producerEpoch } = await owned.promise

    mover = new Mover({ left: source, right: target }, ['late'])
    await mover.replicator.moves.close(mover.link('left', 'right'), PROMOTION, signal)
    const { brokers } = await to.cluster.metadata([], signal)
    const channel = await to.cluster.openChannel(brokers[0]?.nodeId ?? 0, signal)
    const records = [{ timestamp: 1, key: null, value: Buffer.from('from a frozen replicator'), headers: [] }]
    const batch = encodeBatch({ records, codec: 'none', producerId, producerEpoch, baseSequence: 10 })
    const topicId = await to.topicId('late')
    const batches = [{ topic: 'late', topicId, partition: 0, batch }]
    const answer = await channel.produce({ timeoutMs: 5_000, batches })
    await channel.close()
    expect(answer.partitions[0]?.errorCode).toBe(47)
    expect(await to.end('late')).toBe(11)
  }, 60_000)

  it('is ended once, however often it is asked for', async () => {
    await from.createTopic('twice')
    await from.produce('twice', values('before', 10))
    mover = new Mover({ left: source, right: target }, ['twice'])
    await mover.copy('left', 'right')
    await mover.untilCopied('left', 'right')
    const [, again] = [
      await mover.replicator.moves.close(mover.link('left', 'right'), PROMOTION, signal),
      await mover.replicator.moves.close(mover.link('left', 'right'), PROMOTION, signal),
    ]
    expect(again.closed).toMatchObject([{ source: 10, target: 11, copied: { source: 10, target: 10 } }])
    await to.produce('twice', values('of its own', 3))
    const later = await mover.replicator.moves.close(mover.link('left', 'right'), PROMOTION, signal)
    expect(later.closed).toMatchObject([{ source: 10, target: 11 }])
    expect(await to.end('twice')).toBe(14)
  }, 60_000)
})
