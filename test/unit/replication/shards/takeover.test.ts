import { beforeEach, describe, expect, it } from 'vitest'
import { takeOver } from '../../../../src/replication/shards/takeover.ts'
import { KEY, ManualClock, neverAborted, uuid } from '../flows/flow-fixtures.ts'
import { ALL_IN_SYNC, TargetInMemory } from './shard-fixtures.ts'

const FENCE = (what: string) => [`add ${what} by 7/4`, 'abort', 'state CompleteAbort']

let clock: ManualClock
let target: TargetInMemory

beforeEach(() => {
  clock = new ManualClock()
  target = new TargetInMemory()
})

function takeIt(acknowledgeUnfenced = false) {
  return takeOver(target.context(clock, acknowledgeUnfenced), 0, neverAborted)
}

describe('a takeover', () => {
  it('fences the map, reads it, and fences what it says was written, in this order', async () => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    const taken = await takeIt()
    expect(target.calls).toEqual([
      'init',
      'read map to 2',
      ...FENCE('map'),
      'read map to 2',
      'metadata',
      ...FENCE('orders-0'),
    ])
    expect(taken).toMatchObject({ fenced: 'fenced', unfenced: [], identity: { producerId: 7n, producerEpoch: 4 } })
  })

  it('uses nothing that it read before the fence', async () => {
    const old = { producerId: 7n, producerEpoch: 3 }
    target.own(old)
    // The old owner is alive until its map partition is fenced, and begins another flow.
    target.meanwhile = (call) => {
      if (call === 'abort' && target.entries.length === 2) target.own(old, [1])
    }
    const taken = await takeIt()
    expect(target.calls).toContain('add orders-0 orders-1 by 7/4')
    expect(taken.map.flow({ ...KEY, partition: 1 })).toBeDefined()
  })

  it('waits until the coordinator has written every marker', async () => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    target.states = ['PrepareAbort', 'PrepareAbort', 'CompleteAbort']
    let isDone = false
    void takeIt().then(() => (isDone = true))
    await clock.pass(39)
    expect(isDone).toBe(false)
    expect(target.calls.filter((call) => call.startsWith('read'))).toHaveLength(1)
    await clock.pass(1)
    expect(isDone).toBe(true)
  })

  it.each(['an entry', 'a hand-over'])(
    'refuses %s of a later format before it fences or writes anything',
    async (what) => {
      const old = { producerId: 7n, producerEpoch: 3 }
      target.own(old)
      if (what === 'a hand-over') target.handOver(old)
      target.laterFormatFrom = target.entries.length - 1
      await expect(takeIt()).rejects.toMatchObject({
        code: 'MAP_FORMAT_UNKNOWN',
        retriable: false,
        facts: { offset: target.laterFormatFrom, why: 'version 2' },
      })
      expect(target.calls).toEqual(['init', `read map to ${target.entries.length}`])
    },
  )

  it('says which transaction does not complete', async () => {
    target.states = ['PrepareAbort']
    const taken = takeIt()
    const checked = expect(taken).rejects.toMatchObject({ code: 'FENCE_INCOMPLETE' })
    await clock.pass(61_000)
    await checked
  })

  it('has nothing but the map to fence where nobody ever wrote', async () => {
    const taken = await takeIt()
    expect(taken.fenced).toBe('first')
    expect(target.calls.filter((call) => call.startsWith('add'))).toEqual(['add map by 7/4'])
  })

  it('does not put markers into a topic that was made anew', async () => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    target.topics.get('orders')!.topicId = uuid(77)
    expect(await takeIt()).toMatchObject({ unfenced: [] })
    expect(target.calls.filter((call) => call.startsWith('add'))).toEqual(['add map by 7/4'])
  })
})

describe('a hand-over', () => {
  it('spares the fence for exactly the next epoch of the same producer', async () => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    target.handOver({ producerId: 7n, producerEpoch: 3 })
    expect(await takeIt()).toMatchObject({ fenced: 'clean-hand-over' })
    expect(target.calls).toEqual(['init', 'read map to 3'])
  })

  it.each([
    ['an epoch in between was lost', { producerId: 7n, producerEpoch: 5 }, 'fenced'],
    ['the producer is another one', { producerId: 8n, producerEpoch: 4 }, 'markers-written'],
  ])('counts for nothing where %s', async (_case, identity, fenced) => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    target.handOver({ producerId: 7n, producerEpoch: 3 })
    target.identity = identity
    expect(await takeIt()).toMatchObject({ fenced })
    expect(target.calls.some((call) => call.startsWith('add orders-0'))).toBe(true)
  })

  it("is cancelled by its successor's first entry", async () => {
    target.own({ producerId: 7n, producerEpoch: 3 })
    target.handOver({ producerId: 7n, producerEpoch: 3 })
    target.own({ producerId: 7n, producerEpoch: 4 })
    target.identity = { producerId: 7n, producerEpoch: 5 }
    expect(await takeIt()).toMatchObject({ fenced: 'fenced' })
  })
})

describe('a forgotten owner', () => {
  beforeEach(() => target.own({ producerId: 5n, producerEpoch: 9 }))

  it('is fenced by markers above every epoch of its producer id, and earlier epochs of ours are too', async () => {
    expect(await takeIt()).toMatchObject({ fenced: 'markers-written' })
    expect(target.calls).toEqual([
      'init',
      'read map to 2',
      'markers map for 5/32767 at 6',
      ...FENCE('map'),
      'read map to 2',
      'metadata',
      'markers orders-0 for 5/32767 at 6',
      ...FENCE('orders-0'),
    ])
  })

  it('keeps everybody out while the markers are refused, unless an operator vouches for it', async () => {
    target.markerCode = 31
    await expect(takeIt()).rejects.toMatchObject({ code: 'SHARD_UNFENCED' })
    expect(await takeIt(true)).toMatchObject({ fenced: 'markers-written' })
  })

  it('is looked for again behind the fence', async () => {
    target.meanwhile = (call) => {
      if (call === 'abort' && target.entries.length === 2) target.own({ producerId: 6n, producerEpoch: 0 })
    }
    await expect(takeIt()).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  })
})

describe('a sick partition', () => {
  beforeEach(() => target.own({ producerId: 7n, producerEpoch: 3 }, [0, 1]))

  it.each([
    ['too few replicas in sync', { ...ALL_IN_SYNC, isr: [1] }],
    ['no leader', { ...ALL_IN_SYNC, leaderId: -1, isr: [] }],
  ])('with %s is left out of the fence, and fenced when it has recovered', async (_case, sick) => {
    const topic = target.topics.get('orders')!
    topic.partitions = [ALL_IN_SYNC, sick]
    const taken = await takeIt()
    expect(target.calls).toContain('add orders-0 by 7/4')
    expect(taken.unfenced).toMatchObject([{ topic: 'orders', partition: 1, isGone: false }])
    await expect(taken.fenceLate(taken.unfenced[0]!, neverAborted)).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
    topic.partitions = [ALL_IN_SYNC, ALL_IN_SYNC]
    await taken.fenceLate(taken.unfenced[0]!, neverAborted)
    expect(target.calls.slice(-3)).toEqual(FENCE('orders-1'))
  })

  it('is none where fewer replicas than the topic has are enough', async () => {
    target.topics.get('orders')!.partitions = [ALL_IN_SYNC, { ...ALL_IN_SYNC, isr: [1, 2] }]
    expect((await takeIt()).unfenced).toEqual([])
  })

  it('is none where the topic asks for more replicas than it has', async () => {
    target.minInSync = '9'
    expect((await takeIt()).unfenced).toEqual([])
  })

  it('of a topic that is gone is fenced if the topic comes back', async () => {
    target.topics.get('orders')!.errorCode = 3
    const taken = await takeIt()
    expect(taken.unfenced.map(({ isGone }) => isGone)).toEqual([true, true])
    await expect(taken.fenceLate(taken.unfenced[0]!, neverAborted)).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  })
})
