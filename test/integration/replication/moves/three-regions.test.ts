import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startRegion } from '../../../../src/local/index.ts'
import { eventually, Side, signal, values } from '../copy-trial.ts'
import { Mover } from './moving.ts'

const regions = await Promise.all(['a', 'b', 'c'].map((name) => startRegion({ name, heapMb: 256 })))
const [a, b, c] = regions as [(typeof regions)[0], (typeof regions)[0], (typeof regions)[0]]
const [inA, inB, inC] = [new Side(a), new Side(b), new Side(c)]
afterAll(async () => {
  await Promise.all([inA, inB, inC].map((side) => side.close()))
  await Promise.all(regions.map((region) => region.stop()))
}, 60_000)

let mover: Mover | undefined
afterEach(async () => {
  await mover?.stop()
  mover = undefined
})

const endsOf = (topic: string) => Promise.all([inA, inB, inC].map((side) => side.end(topic)))

async function expectSame(topic: string, offsets: 'identical' | 'shifted' = 'identical'): Promise<void> {
  const [first, ...others] = await Promise.all([inA, inB, inC].map((side) => side.read(topic)))
  const seen = (records: typeof first = []) => {
    return records.map((record) => (offsets === 'identical' ? record : { ...record, offset: 0 }))
  }
  for (const other of others) expect(seen(other)).toEqual(seen(first))
}

describe('three regions', () => {
  it('follow one another round, and not one record is copied again', async () => {
    await inA.createTopic('round')
    await inA.produce('round', values('a', 40))
    mover = new Mover({ a, b, c }, ['round'])
    await mover.copy('a', 'b')
    await mover.copy('a', 'c')
    await mover.untilCopied('a', 'b')
    await mover.untilCopied('a', 'c')

    await mover.switchOver('a', 'b', 'c')
    await inB.produce('round', values('b', 30))
    await mover.untilCopied('b', 'a')
    await mover.untilCopied('b', 'c')
    expect(await endsOf('round')).toEqual([71, 71, 71])
    await expectSame('round')

    await mover.switchOver('b', 'c', 'a')
    await inC.produce('round', values('c', 20))
    await mover.untilCopied('c', 'a')
    await mover.untilCopied('c', 'b')
    expect(await endsOf('round')).toEqual([92, 92, 92])
    await expectSame('round')

    await mover.switchOver('c', 'a', 'b')
    await inA.produce('round', values('again', 10))
    await mover.untilCopied('a', 'b')
    await mover.untilCopied('a', 'c')
    expect(await endsOf('round')).toEqual([103, 103, 103])
    await expectSame('round')
  }, 90_000)

  it('take a standby along that was away for two moves', async () => {
    await inA.createTopic('away')
    await inA.produce('away', values('a', 40))
    mover = new Mover({ a, b, c }, ['away'])
    await mover.copy('a', 'b')
    await mover.copy('a', 'c')
    await mover.untilCopied('a', 'b')
    await mover.untilCopied('a', 'c')
    await mover.stopCopy('a', 'c')
    await inA.produce('away', values('not on c', 5))
    await mover.untilCopied('a', 'b')

    await mover.switchOver('a', 'b')
    await inB.produce('away', values('b', 30))
    await mover.untilCopied('b', 'a')
    await mover.switchOver('b', 'a')
    await inA.produce('away', values('again', 5))
    await mover.switchOver('a', 'b')
    await inB.produce('away', values('b again', 5))
    // Back: what it has is from a, the active region is b.
    const closing = { isPromotion: false, unproved: 'end' as const, markers: 'where-needed' as const, by: 'a test' }
    const closed = await mover.replicator.moves.close(mover.link('a', 'c'), closing, signal)
    expect(closed.closed).toMatchObject([{ source: 40, target: 40 }])
    await mover.copy('b', 'c')
    await mover.untilCopied('b', 'c')
    await mover.untilCopied('b', 'a')
    await expectSame('away', 'shifted')
    expect(await inC.end('away')).toBe(40 + 5 + 30 + 5 + 5)
  }, 90_000)

  it('refuse a standby that holds more than the region it is to follow', async () => {
    await inA.createTopic('ahead')
    await inA.produce('ahead', values('a', 10))
    mover = new Mover({ a, b, c }, ['ahead'])
    await mover.copy('a', 'b')
    await mover.copy('a', 'c')
    await mover.untilCopied('a', 'b')
    await mover.untilCopied('a', 'c')
    await mover.stopCopy('a', 'b')
    await inA.produce('ahead', values('only on c', 5))
    await mover.untilCopied('a', 'c')
    await mover.stopCopy('a', 'c')
    const { moves } = mover.replicator
    const by = 'a test'
    await moves.close(mover.link('a', 'b'), { isPromotion: true, unproved: 'end', markers: 'always', by }, signal)
    await moves.close(
      mover.link('a', 'c'),
      { isPromotion: false, unproved: 'end', markers: 'where-needed', by },
      signal,
    )
    await mover.copy('b', 'c')
    const stopped = await eventually(
      'it is refused',
      () => mover?.replicator.status().links[0]?.flows.find(({ state }) => state === 'stopped'),
      () => mover?.describe() ?? '',
    )
    expect(stopped.fault).toMatchObject({ code: 'FLOW_TURN_REFUSED' })
    expect(stopped.fault?.message).toContain('up to offset 15')
    expect(await inC.end('ahead')).toBe(15)
  }, 60_000)
})

describe('a region that takes the place of one that is lost', () => {
  it('fetches first what another survivor has beyond it', async () => {
    for (const topic of ['late-one', 'late-two']) {
      await inA.createTopic(topic)
      await inA.produce(topic, values('on both', 10))
    }
    mover = new Mover({ a, b, c }, ['late-one', 'late-two'])
    await mover.copy('a', 'b')
    await mover.copy('a', 'c')
    await mover.untilCopied('a', 'b')
    await mover.untilCopied('a', 'c')
    await mover.stopCopy('a', 'b')
    await inA.produce('late-one', values('only on c', 7))
    await mover.untilCopied('a', 'c')
    await mover.stopCopy('a', 'c')
    await inA.produce('late-one', values('lost', 3))

    const running = mover
    const request = {
      own: running.link('a', 'b'),
      others: [running.link('a', 'c')],
      linkFrom: (donor: string, topics: readonly string[]) => {
        return { ...running.link(donor, 'b'), topics: { include: [...topics], exclude: [] } }
      },
      by: 'a test',
    }
    const pass = async () => {
      const outcome = await running.replicator.catchUp(request, signal)
      return outcome.kind === 'done' ? outcome : undefined
    }
    const { caughtUp, promote } = await eventually('caught up', pass, () => running.describe())
    expect(caughtUp).toEqual([{ topic: 'late-one', partition: 0, from: 'c', offsets: 7 }])
    const promotion = { isPromotion: true, unproved: 'end' as const, markers: 'always' as const, by: 'a test' }
    const { moves } = running.replicator
    for (const { link, proofs } of promote) await moves.close(link, { ...promotion, proofs }, signal)
    const { closed } = await moves.close(running.link('a', 'b'), promotion, signal)
    expect(closed).toMatchObject([{ key: { topic: 'late-two' }, source: 10, target: 11 }])

    await inB.produce('late-one', values('on b', 4))
    await inB.produce('late-two', values('on b', 4))
    await mover.copy('b', 'c')
    await mover.untilCopied('b', 'c')
    expect(await Promise.all([inB.end('late-one'), inC.end('late-one')])).toEqual([22, 22])
    expect(await inC.read('late-one')).toEqual(await inB.read('late-one'))
    expect(await inC.read('late-two')).toEqual(await inB.read('late-two'))
    const copied = (await inB.read('late-one')).map(({ value }) => value)
    expect(copied).toEqual([...values('on both', 10), ...values('only on c', 7), ...values('on b', 4)])
  }, 90_000)
})
