import { afterEach, describe, expect, it } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { judgeGroups, provedEnds } from '../../../../src/replication/index.ts'
import { eventually, signal, values } from '../copy-trial.ts'
import { startTwoRegions } from '../two-regions.ts'
import { Mover } from './moving.ts'

const { source, target, from, to } = await startTwoRegions()

let mover: Mover | undefined
afterEach(async () => {
  await mover?.stop()
  mover = undefined
})

const [A, B] = [regionName('a'), regionName('b')]
const PROMOTION = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const

describe('a region that comes back from having been lost', () => {
  it('tells exactly what it holds that no other has, and is copied again once it was emptied', async () => {
    const topics = ['diverged', 'whole']
    for (const topic of topics) {
      await from.createTopic(topic)
      await from.produce(topic, values('copied', 10))
    }
    mover = new Mover({ a: source, b: target }, topics)
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.stopCopy('a', 'b')
    await from.produce('diverged', values('not copied', 6))
    const { closed } = await mover.replicator.moves.close(mover.link('a', 'b'), PROMOTION, signal)
    expect(closed.map(({ source: end }) => end)).toEqual([10, 10])
    await to.produce('diverged', [...values('not copied', 2), ...values('on b', 3)])
    const producer = from.kafka.producer({ transactionalId: 'late', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const outcome of ['commit', 'abort'] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'diverged', messages: [{ key: outcome, value: outcome }] })
      await transaction[outcome]()
    }
    await producer.disconnect()

    const { returned } = mover.replicator.moves
    const returning = { region: A, active: B, topics: { include: topics, exclude: [] }, withinMs: 5_000 }
    const forking = await returned.forks(returning, signal)
    if (forking.kind === 'waiting') throw new Error(forking.reason)
    const scans = await returned.openScans(returning, { forked: forking.partitions, isDestroyed: false }, signal)
    for (const scan of scans) expect(await scan.advance(Number.POSITIVE_INFINITY, signal)).toBe(true)
    const found = scans.map(({ divergence }) => divergence)
    const byTopic = new Map(found.map((one) => [one.topic, one]))
    expect(forking.partitions.find(({ topic }) => topic === 'whole')).toMatchObject({ fork: 10, end: 10 })
    expect(byTopic.has('whole')).toBe(false)
    expect(byTopic.get('diverged')).toMatchObject({
      from: 10,
      to: 20,
      records: 7,
      firstOffset: 10,
      keysInConflict: 2,
      areAllKeysCompared: true,
      sampleKeys: [...values('key of not copied', 6), 'commit'],
    })
    expect(byTopic.get('diverged')?.transactionalProducers).toHaveLength(1)

    await mover.copy('b', 'a')
    const refused = await eventually(
      'it is refused',
      () => mover?.replicator.status().links[0]?.flows.find(({ state }) => state === 'stopped'),
      () => mover?.describe() ?? '',
    )
    expect(refused.fault?.code).toBe('FLOW_TURN_REFUSED')
    await mover.stopCopy('b', 'a')
    const end = await from.end('diverged')
    await from.cluster.deleteRecords([{ topic: 'diverged', partition: 0, offset: end }], signal)
    await mover.copy('b', 'a')
    await mover.untilCopied('b', 'a')
    const [there, here] = await Promise.all([to.read('diverged'), from.read('diverged')])
    expect(here.map(({ value }) => value)).toEqual(there.map(({ value }) => value))
    expect(here[0]?.offset).toBe(end)
    // Nothing was copied again where nothing had diverged; there is no cut, so the marker of the promotion is only there.
    expect([await from.end('whole'), await to.end('whole')]).toEqual([10, 11])
  }, 90_000)
})

describe('what a promotion puts in force', () => {
  it('is recorded before, validated on the target, and what the topic had at its source', async () => {
    await from.createTopic('configured', { 'retention.ms': '360000000', 'max.message.bytes': '2000000' })
    await from.produce('configured', values('copied', 3))
    mover = new Mover({ a: source, b: target }, ['configured'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    const { moves } = mover.replicator
    const recorded = await moves.recordConfigs(mover.link('a', 'b'), signal)
    expect(recorded).toMatchObject([{ topic: 'configured', changes: { 'retention.ms': '360000000' } }])
    expect(await moves.validateConfigs(B, recorded, signal)).toEqual([])
    const bad = [{ ...recorded[0]!, changes: { 'retention.ms': 'for ever' } }]
    expect(await moves.validateConfigs(B, bad, signal)).toMatchObject([{ targetTopic: 'configured' }])

    await mover.stopCopy('a', 'b')
    expect(await moves.applyConfigs(B, recorded, signal)).toEqual([])
    const own = async (side: typeof from) => {
      const [described] = await side.cluster.describeTopicConfigs(['configured'], signal)
      const entries = described?.entries.filter((entry) => entry.source === 'topic') ?? []
      return Object.fromEntries(entries.map(({ name, value }) => [name, value]))
    }
    expect(await own(to)).toEqual({ ...(await own(from)), 'cleanup.policy': 'delete' })
  }, 60_000)
})

describe('consumer groups at a cut', () => {
  it('have their positions on the target before the move goes on', async () => {
    await from.createTopic('read')
    await from.produce('read', values('copied', 20))
    mover = new Mover({ a: source, b: target }, ['read'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    const position = { topic: 'read', partition: 0, leaderEpoch: -1, metadata: '' }
    await from.cluster.commitGroupOffsets('group-done', [{ ...position, offset: 20 }], signal)
    await from.cluster.commitGroupOffsets('group-slow', [{ ...position, offset: 13 }], signal)
    const { cuts } = await mover.cut('a', 'b')
    const link = mover.link('a', 'b')
    const groups = await (await mover.replicator.positionsAtCut(link, signal)).bringOver(signal)
    const proofs = await mover.replicator.moves.prove(link, cuts, signal)
    expect(judgeGroups(groups, proofs)).toEqual({
      done: ['group-done'],
      behind: [{ group: 'group-slow', partitions: 1, records: 7 }],
      unsynced: [],
    })
    const [done] = await to.cluster.fetchGroupOffsets(['group-done'], signal)
    expect(done?.positions).toMatchObject([{ topic: 'read', offset: 20 }])

    await mover.stopCopy('a', 'b')
    const closing = { ...PROMOTION, unproved: 'wait', proofs: provedEnds(cuts, proofs) } as const
    expect((await mover.replicator.moves.close(link, closing, signal)).waiting).toEqual([])
    const { events, moves } = mover.replicator
    const follower = await moves.followPositions(link, { everyMs: 200, events }, signal)
    await from.cluster.commitGroupOffsets('group-slow', [{ ...position, offset: 17 }], signal)
    const slow = async () => (await to.cluster.fetchGroupOffsets(['group-slow'], signal))[0]?.positions[0]?.offset
    await eventually(
      'it is followed',
      async () => ((await slow()) === 17 ? true : undefined),
      () => JSON.stringify(follower.statuses),
    )
    await from.cluster.commitGroupOffsets('group-slow', [{ ...position, offset: 21 }], signal)
    await eventually(
      'up to the end',
      async () => ((await slow()) === 21 ? true : undefined),
      () => JSON.stringify(follower.statuses),
    )
    await follower[Symbol.asyncDispose]()
  }, 60_000)
})
