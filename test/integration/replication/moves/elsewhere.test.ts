import { afterEach, describe, expect, it } from 'vitest'
import type { GroupStatus } from '../../../../src/replication/index.ts'
import { eventually, type Side, signal, values } from '../copy-trial.ts'
import { startTwoRegions } from '../two-regions.ts'
import { Mover } from './moving.ts'

const { source, target, from, to } = await startTwoRegions()

const movers: Mover[] = []
afterEach(async () => {
  await Promise.all(movers.splice(0).map((mover) => mover.stop()))
})

function start(topic: string, ...more: ConstructorParameters<typeof Mover>[2][]): Mover {
  const mover = new Mover({ a: source, b: target }, [topic], Object.assign({}, ...more))
  movers.push(mover)
  return mover
}

/** Small transactions, so that every few offsets the two sides drift apart: 4 offsets there, 3 here. */
async function transact(side: Side, topic: string, rounds: number): Promise<void> {
  const producer = side.kafka.producer({ transactionalId: `app-${topic}`, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (let round = 0; round < rounds; round++) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: values(`${round}`, 3).map((value) => ({ value })) })
    await transaction.commit()
  }
  await producer.disconnect()
}

async function commit(side: Side, group: string, topic: string, offset: number): Promise<void> {
  await side.cluster.commitGroupOffsets(group, [{ topic, partition: 0, offset, leaderEpoch: -1, metadata: '' }], signal)
}

async function positionOf(side: Side, group: string): Promise<number | undefined> {
  return (await side.cluster.fetchGroupOffsets([group], signal))[0]?.positions[0]?.offset
}

const stateOf = (groups: readonly GroupStatus[], name: string) => groups.find(({ group }) => group === name)?.state

/** Until nobody stands in the way any more. */
async function close(mover: Mover, proofs: Awaited<ReturnType<Mover['cut']>>['proofs']): Promise<void> {
  const how = { isPromotion: true, markers: 'always', unproved: 'wait', by: 'a test' } as const
  let waiting: unknown
  const look = async () => {
    const link = mover.link('a', 'b')
    const closing = await mover.replicator.moves.close(link, { ...how, proofs: proofs.get('b') ?? [] }, signal)
    waiting = closing.waiting
    return closing.waiting.length === 0 ? true : undefined
  }
  await eventually('every copy has ended', look, () => JSON.stringify(waiting))
}

describe.each([
  ['shares its work', { sharing: { memberName: 'copier', sessionTimeoutMs: 10_000 } }],
  ['works alone', {}],
])('a move by a process that copies nothing, while the one that copies %s', (name, options) => {
  const topic = name.replaceAll(' ', '-')

  it('loses nothing, and the copier goes on in the other direction', async () => {
    await from.createTopic(topic)
    await transact(from, topic, 10)
    const copier = start(topic, options, { processName: 'copier' })
    await copier.copy('a', 'b')
    await copier.untilCopied('a', 'b')
    const driver = start(topic, { processName: 'driver', copies: false })
    await driver.copy('a', 'b')
    expect(driver.replicator.status().links).toEqual([])
    await commit(from, `group-${topic}`, topic, 22)

    await transact(from, topic, 60)
    const { cuts, proofs } = await driver.cut('a', 'b')
    expect(cuts).toMatchObject([{ cut: 280 }])
    await commit(from, `group-${topic}-late`, topic, 280)
    const groups = await driver.replicator.positionsAtCut(driver.link('a', 'b'), signal)
    expect(stateOf(await groups.look(signal), `group-${topic}-late`)).toBe('synced')
    expect(stateOf(await groups.bringOver(signal), `group-${topic}-late`)).toBe('synced')
    expect(await positionOf(to, `group-${topic}`)).toBe(17)
    expect(await positionOf(to, `group-${topic}-late`)).toBe(await to.end(topic))
    const copied = copier.replicator.status().links[0]?.groups ?? []
    expect(copied.map(({ state }) => state)).toEqual(['synced', 'synced'])

    await close(driver, proofs)
    const flow = () => copier.replicator.status().links[0]?.flows[0]
    const isOver = () => (flow()?.fault?.code === 'FLOW_CLOSED' ? true : undefined)
    await eventually('the copier has heard', isOver, () => copier.describe())
    await copier.stopCopy('a', 'b')
    await copier.copy('b', 'a')
    await to.produce(topic, values('there', 5))
    await copier.untilCopied('b', 'a')
    const [here, there] = [await from.read(topic), await to.read(topic)]
    expect(there.length).toBe(70 * 3 + 5)
    expect(here.map(({ value }) => value)).toEqual(there.map(({ value }) => value))
  }, 90_000)
})

describe('positions, where nobody runs the link any more', () => {
  async function drained(topic: string) {
    await from.createTopic(topic)
    await transact(from, topic, 5)
    const copier = start(topic, { processName: 'copier' })
    await copier.copy('a', 'b')
    await copier.untilCopied('a', 'b')
    await copier.stopCopy('a', 'b')
    const driver = start(topic, { processName: 'driver', copies: false })
    await driver.cut('a', 'b')
    await commit(from, `group-${topic}`, topic, 9)
    return driver
  }

  it('are brought over by the move', async () => {
    const driver = await drained('left')
    const groups = await driver.replicator.positionsAtCut(driver.link('a', 'b'), signal)
    await groups.look(signal)
    expect(await positionOf(to, 'group-left')).toBeUndefined()
    expect(stateOf(await groups.bringOver(signal), 'group-left')).toBe('synced')
    expect(await positionOf(to, 'group-left')).toBe(7)
    await commit(from, 'group-left', 'left', 5)
    await groups.bringOver(signal)
    expect(await positionOf(to, 'group-left')).toBe(7)
  }, 60_000)

  it('are not, once the move has lost its right to', async () => {
    const driver = await drained('refused')
    await using moves = driver.replicator.moves.permitted(() => {
      throw new Error('the lease is gone')
    })
    const groups = await driver.replicator.positionsAtCut(driver.link('a', 'b'), signal, { moves })
    expect(stateOf(await groups.bringOver(signal), 'group-refused')).toBe('failed')
    expect(await positionOf(to, 'group-refused')).toBeUndefined()
  }, 60_000)
})
