import { beforeEach, describe, expect, it } from 'vitest'
import { LogInMemory, makeTenure, ManualClock, settle } from '../flows/flow-fixtures.ts'

const SICK = { topic: 'orders', topicId: 'x', partition: 1, isGone: false, reason: 'no leader' }
let clock: ManualClock

beforeEach(() => {
  clock = new ManualClock()
})

describe('a tenure', () => {
  it('tells everybody who waits that its users have left', async () => {
    const tenure = makeTenure(clock, new LogInMemory())
    const user = { isCertain: true }
    tenure.enter(user)
    const free: number[] = []
    for (const one of [1, 2]) void tenure.untilFree().then(() => free.push(one))
    await settle()
    tenure.leave(user)
    await settle()
    expect(free).toEqual([1, 2])
  })

  it('is not handed over where something sent under it may still arrive', () => {
    const tenure = makeTenure(clock, new LogInMemory())
    const user = { isCertain: false }
    tenure.enter(user)
    tenure.leave(user)
    expect(tenure.canHandOver).toBe(false)
  })

  it.each([
    [SICK, false],
    [{ ...SICK, isGone: true }, true],
  ])('is not handed over while an older owner may write: %o', (unfenced, canHandOver) => {
    expect(makeTenure(clock, new LogInMemory(), { unfenced: [unfenced] }).canHandOver).toBe(canHandOver)
  })

  it('fences what was left out once, and one after the other', async () => {
    const fenced: string[] = []
    const goOn = Promise.withResolvers<void>()
    const fenceLate = async ({ partition }: { partition: number }) => {
      fenced.push(`begin ${partition}`)
      await goOn.promise
      fenced.push(`end ${partition}`)
    }
    const unfenced = [SICK, { ...SICK, partition: 2 }]
    const tenure = makeTenure(clock, new LogInMemory(), { unfenced, fenceLate })
    const both = [tenure.untilFenced(SICK), tenure.untilFenced({ ...SICK, partition: 2 }), tenure.untilFenced(SICK)]
    await tenure.untilFenced({ topic: 'orders', partition: 0 })
    await settle()
    expect(fenced).toEqual(['begin 1'])
    goOn.resolve()
    await Promise.all(both)
    expect(fenced).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
    expect(tenure.canHandOver).toBe(true)
  })

  it('keeps a partition unfenced whose fence failed', async () => {
    const fenceLate = () => Promise.reject(new Error('not yet'))
    const tenure = makeTenure(clock, new LogInMemory(), { unfenced: [SICK], fenceLate })
    await expect(tenure.untilFenced(SICK)).rejects.toThrow('not yet')
    await expect(tenure.untilFenced(SICK)).rejects.toThrow('not yet')
    expect(tenure.canHandOver).toBe(false)
  })

  it('ends once, for the first reason', async () => {
    const tenure = makeTenure(clock, new LogInMemory())
    tenure.end({ kind: 'fenced', reason: 'first' })
    tenure.end({ kind: 'restart', reason: 'second' })
    expect(await tenure.untilEnded()).toEqual({ kind: 'fenced', reason: 'first' })
    expect(tenure.ended?.reason).toBe('first')
    expect(tenure.maySend).toBe(false)
  })
})
