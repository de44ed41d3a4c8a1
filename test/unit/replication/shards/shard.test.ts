import { beforeEach, describe, expect, it } from 'vitest'
import { describeError } from '../../../../src/core/index.ts'
import { Shard } from '../../../../src/replication/shards/shard.ts'
import { LogInMemory, ManualClock, neverAborted, settle } from '../flows/flow-fixtures.ts'
import { TargetInMemory } from './shard-fixtures.ts'

let clock: ManualClock
let target: TargetInMemory
let log: LogInMemory
let shard: Shard
let told: string[]

beforeEach(() => {
  clock = new ManualClock()
  target = new TargetInMemory()
  log = new LogInMemory()
  told = []
  shard = new Shard(0, {
    ...target.context(clock),
    log: log.log,
    processName: 'test',
    onOwned: (_shard, { fenced }) => told.push(`owned ${fenced}`),
    onTrouble: (_shard, error) => told.push(`trouble ${describeError(error)}`),
    onLost: (_shard, reason) => told.push(`lost ${reason}`),
    onHandedOver: () => told.push('handed over'),
  })
})

const inits = () => target.calls.filter((call) => call === 'init').length

describe('a shard', () => {
  it('gives its tenure to everybody who waits, and hands it over at the end', async () => {
    const waiting = shard.tenure(neverAborted)
    shard.start()
    expect(await waiting).toBe(shard.current)
    await shard.release(neverAborted)
    expect(told).toEqual(['owned first', 'handed over'])
    expect(log.appended).toHaveLength(2)
    expect(clock.pendingTimers).toBe(0)
  })

  it('never takes back what was taken while its owner entry was under way', async () => {
    log.answers.push({ kind: 'answered', errorCode: 47 })
    const waiting = shard.tenure(neverAborted)
    const checked = expect(waiting).rejects.toThrow('INVALID_PRODUCER_EPOCH')
    shard.start()
    await checked
    await clock.pass(60_000)
    expect(inits()).toBe(1)
    expect(told).toEqual([expect.stringMatching(/^lost /)])
    await expect(shard.tenure(neverAborted)).rejects.toThrow('INVALID_PRODUCER_EPOCH')
  })

  it('never takes back what another owner has fenced', async () => {
    shard.start()
    const tenure = await shard.tenure(neverAborted)
    const user = { isCertain: true }
    tenure.enter(user)
    tenure.end({ kind: 'fenced', reason: 'a newer owner' })
    await settle()
    expect(told).toEqual(['owned first'])
    tenure.leave(user)
    await clock.pass(60_000)
    expect(told).toEqual(['owned first', 'lost a newer owner'])
    expect(inits()).toBe(1)
  })

  it('takes over anew after a restart, once its users have left and a moment has passed', async () => {
    shard.start()
    const tenure = await shard.tenure(neverAborted)
    const user = { isCertain: true }
    tenure.enter(user)
    tenure.end({ kind: 'restart', reason: 'a new epoch' })
    await clock.pass(60_000)
    expect(inits()).toBe(1)
    tenure.leave(user)
    target.identity = { producerId: 7n, producerEpoch: 5 }
    await clock.pass(300)
    expect(inits()).toBe(2)
    expect((await shard.tenure(neverAborted)).identity.producerEpoch).toBe(5)
  })

  it('takes over ever more slowly where no tenure lasts', async () => {
    shard.start()
    for (let round = 0; round < 60; round++) {
      shard.current?.end({ kind: 'restart', reason: 'again' })
      await clock.pass(1_000)
    }
    expect(inits()).toBeLessThan(25)
  })

  it('ends its tenure where the coordinator names another owner, and confirms it where not', async () => {
    shard.start()
    const tenure = await shard.tenure(neverAborted)
    tenure.doubt()
    await shard.prove(neverAborted)
    expect(tenure.maySend).toBe(true)
    target.identity = { producerId: 7n, producerEpoch: 5 }
    await shard.prove(neverAborted)
    expect(tenure.ended).toMatchObject({ kind: 'fenced' })
  })

  it('renews its transactional id every hour', async () => {
    shard.start()
    await shard.tenure(neverAborted)
    const before = target.calls.length
    await clock.pass(60 * 60_000)
    expect(target.calls.slice(before).join(', ')).toContain('add map by 7/4, abort, state CompleteAbort')
  })

  it('learns within half a minute that another has taken over, although it has nothing to write', async () => {
    shard.start()
    const tenure = await shard.tenure(neverAborted)
    target.identity = { producerId: 7n, producerEpoch: 9 }
    await clock.pass(30_000)
    expect((await tenure.untilEnded()).kind).toBe('fenced')
  })

  it('is released by its deadline although users and the map do not answer', async () => {
    shard.start()
    const tenure = await shard.tenure(neverAborted)
    log.hold()
    const user = { isCertain: true }
    tenure.enter(user)
    tenure.signal.addEventListener('abort', () => tenure.leave(user))
    const deadline = new AbortController()
    const released = shard.release(deadline.signal)
    await settle()
    deadline.abort(new Error('too late'))
    await released
    expect(told).toEqual(['owned first'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('is released while it still tries to take over', async () => {
    target.states = ['PrepareAbort']
    shard.start()
    await clock.pass(100)
    await shard.release(neverAborted)
    expect(told).toEqual([])
  })
})
