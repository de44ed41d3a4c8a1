import { afterEach, describe, expect, it } from 'vitest'
import { contents, type Side, values } from '../copy-trial.ts'
import { startTwoRegions } from '../two-regions.ts'
import { Mover } from './moving.ts'

const { source, target, from, to } = await startTwoRegions()

let mover: Mover | undefined
afterEach(async () => {
  await mover?.stop()
  mover = undefined
})

/** Rounds of a few records, every third one aborted: how many offsets they take, markers included. */
async function transact(side: Side, topic: string, prefix: string, rounds: number): Promise<number> {
  const producer = side.kafka.producer({ transactionalId: `app-${topic}`, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (let round = 0; round < rounds; round++) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: values(`${prefix} ${round}`, 3).map((value) => ({ value })) })
    if (round % 3 === 1) await transaction.abort()
    else await transaction.commit()
  }
  await producer.disconnect()
  return rounds * 4
}

const committedOf = async (side: Side, topic: string) =>
  contents(await side.read(topic)).filter((one) => !/aborted/.test(one))

describe('a switchover and the way back', () => {
  it('copies not one record again and keeps offsets identical', async () => {
    await from.createTopic('plain')
    await from.createTopic('idle')
    await from.produce('plain', values('first', 100))
    mover = new Mover({ a: source, b: target }, ['plain', 'idle'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')

    const there = await mover.switchOver('a', 'b')
    expect(there.closings[0]?.waiting).toEqual([])
    expect(there.closings[0]?.closed).toHaveLength(2)
    expect(await to.end('plain')).toBe(101)
    await to.produce('plain', values('second', 50))
    await mover.untilCopied('b', 'a')
    expect([await from.end('plain'), await to.end('plain')]).toEqual([151, 151])
    expect(await from.read('plain')).toEqual(await to.read('plain'))
    expect([await from.end('idle'), await to.end('idle')]).toEqual([1, 1])

    await mover.switchOver('b', 'a')
    await from.produce('plain', values('third', 25))
    await mover.untilCopied('a', 'b')
    expect([await from.end('plain'), await to.end('plain')]).toEqual([177, 177])
    expect(await from.read('plain')).toEqual(await to.read('plain'))
    const flows = mover.replicator.status().links[0]?.flows ?? []
    expect(flows.map(({ offsetsIdentical }) => offsetsIdentical)).toEqual([true, true])

    await mover.switchOver('a', 'b')
    await to.produce('plain', values('fourth', 5))
    await mover.untilCopied('b', 'a')
    expect([await from.end('plain'), await to.end('plain')]).toEqual([183, 183])
    expect(await from.read('plain')).toEqual(await to.read('plain'))
  }, 90_000)

  it('that is given up after the cut keeps offsets identical, too', async () => {
    await from.createTopic('given-up')
    await from.produce('given-up', values('first', 10))
    mover = new Mover({ a: source, b: target }, ['given-up'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.rollBack('a', 'b')
    await from.produce('given-up', values('second', 10))
    await mover.untilCopied('a', 'b')
    await mover.switchOver('a', 'b')
    await to.produce('given-up', values('third', 10))
    await mover.untilCopied('b', 'a')
    expect([await from.end('given-up'), await to.end('given-up')]).toEqual([32, 32])
    expect(await from.read('given-up')).toEqual(await to.read('given-up'))
  }, 60_000)

  it('goes on exactly where transactions have shifted the offsets', async () => {
    await from.createTopic('paid')
    const written = await transact(from, 'paid', 'first', 12)
    mover = new Mover({ a: source, b: target }, ['paid'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.switchOver('a', 'b')
    const copied = await to.end('paid')
    expect(copied).toBe(8 * 3 + 1)
    await transact(to, 'paid', 'second', 6)
    await mover.untilCopied('b', 'a')
    expect(await from.end('paid')).toBe(written + 1 + 4 * 3)
    await mover.switchOver('b', 'a')
    await transact(from, 'paid', 'third', 3)
    await mover.untilCopied('a', 'b')
    expect(await to.end('paid')).toBe(copied + 6 * 4 + 1 + 2 * 3)

    const link = mover.link('a', 'b').name
    const committed = (await from.read('paid')).filter(({ value }) => !/ (1|4|7|10) \d$/.test(value ?? ''))
    const there = new Map((await to.read('paid')).map((record) => [record.offset, record]))
    for (const { offset, value } of committed) {
      const query = { link, topic: 'paid', partition: 0, offset, direction: 'source-to-target' as const }
      const found = await mover.replicator.translateOffset(query, new AbortController().signal)
      expect([value, there.get(found.to)?.value, found.note]).toEqual([value, value, 'exact'])
    }
    expect(committed.length).toBe(24 + 12 + 6)
    expect((await committedOf(to, 'paid')).length).toBeGreaterThan(0)
  }, 90_000)

  it('goes on behind a transaction that was aborted last, also where nothing is written in between', async () => {
    await from.createTopic('undone')
    await transact(from, 'undone', 'first', 2)
    mover = new Mover({ a: source, b: target }, ['undone'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.switchOver('a', 'b')
    await mover.untilCopied('b', 'a')
    await mover.switchOver('b', 'a')
    await transact(from, 'undone', 'second', 2)
    await mover.untilCopied('a', 'b')
    await mover.switchOver('a', 'b')
    await transact(to, 'undone', 'third', 1)
    await mover.untilCopied('b', 'a')
    const committed = ['first 0', 'second 0', 'third 0'].flatMap((prefix) => values(prefix, 3))
    expect(contents(await to.read('undone')).filter((one) => !/ 1 \d/.test(one))).toHaveLength(committed.length)
    const flows = mover.replicator.status().links[0]?.flows ?? []
    expect(flows.map(({ state, reason }) => [state, reason])).toEqual([['running', expect.any(String)]])
  }, 90_000)
})
