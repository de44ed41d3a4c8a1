import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { neverAborted, settle } from './flow-fixtures.ts'

it('grants what is wanted while that is free', async () => {
  const budget = new ByteBudget(100)
  expect(await budget.reserve(60, 10, neverAborted)).toBe(60)
  expect(await budget.reserve(60, 10, neverAborted)).toBe(40)
  expect(budget.freeBytes).toBe(0)
})

it('makes everybody wait behind who waits for more', async () => {
  const budget = new ByteBudget(100)
  await budget.reserve(90, 10, neverAborted)
  const order: string[] = []
  const big = budget.reserve(80, 80, neverAborted).then(() => order.push('big'))
  const small = budget.reserve(5, 5, neverAborted).then(() => order.push('small'))
  await settle()
  expect(order).toEqual([])
  budget.release(90)
  await Promise.all([big, small])
  expect(order).toEqual(['big', 'small'])
})

it('asks for no more than there can be', async () => {
  expect(await new ByteBudget(100).reserve(500, 500, neverAborted)).toBe(100)
})

it('lets the next one pass when the first gives up', async () => {
  const budget = new ByteBudget(100)
  await budget.reserve(50, 50, neverAborted)
  const stop = new AbortController()
  const big = budget.reserve(80, 80, stop.signal)
  const small = budget.reserve(50, 50, neverAborted)
  const reason = new Error('stopping')
  stop.abort(reason)
  await expect(big).rejects.toBe(reason)
  expect(await small).toBe(50)
  await expect(budget.reserve(1, 1, stop.signal)).rejects.toBe(reason)
})

it('goes below zero for a batch larger than expected, and grants nothing until that is paid back', async () => {
  const budget = new ByteBudget(100)
  await budget.reserve(100, 1, neverAborted)
  budget.release(-30)
  let isGranted = false
  void budget.reserve(10, 10, neverAborted).then(() => (isGranted = true))
  budget.release(30)
  await settle()
  expect(isGranted).toBe(false)
  budget.release(10)
  await settle()
  expect(isGranted).toBe(true)
})

it('never hands out more than its limit, and has everything back in the end', async () => {
  const step = fc.record({
    wants: fc.integer({ min: 1, max: 150 }),
    atLeast: fc.integer({ min: 1, max: 150 }),
    gives: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const budget = new ByteBudget(100)
      const held: number[] = []
      const asked: Promise<unknown>[] = []
      for (const { wants, atLeast, gives } of steps) {
        const least = Math.min(atLeast, wants)
        asked.push(
          budget.reserve(wants, least, neverAborted).then((bytes) => {
            expect(bytes).toBeGreaterThanOrEqual(Math.min(least, 100))
            held.push(bytes)
          }),
        )
        if (gives) budget.release(held.shift() ?? 0)
        await Promise.resolve()
        expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(100)
        expect(budget.freeBytes).toBeGreaterThanOrEqual(0)
      }
      for (let turn = 0; turn < steps.length + 1; turn++) {
        await Promise.resolve()
        for (const bytes of held.splice(0)) budget.release(bytes)
        await settle()
      }
      await Promise.all(asked)
      for (const bytes of held) budget.release(bytes)
      expect(budget.freeBytes).toBe(100)
    }),
    { numRuns: 50 },
  )
})
