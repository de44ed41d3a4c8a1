import { expect, test } from 'vitest'
import { Looks, mustAnswer } from '../../../../src/controller/evidence/looks.ts'
import { systemClock } from '../../../../src/core/index.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()

test('a look that fails is undefined, and the guards that wanted it know why', async () => {
  const looks = new Looks({ clock: systemClock, lookMs: 1_000 }, signal)
  expect(await looks.look(['one'], () => 5)).toBe(5)
  expect(await looks.look(['two', 'three'], () => mustAnswer(undefined, 'eu'))).toBeUndefined()
  expect(await looks.look(['two'], () => Promise.reject(new Error('later')))).toBeUndefined()
  expect(looks.troubles).toEqual({ two: 'eu does not answer', three: 'eu does not answer' })
})

test('a look that hangs ends by itself, and is told to', async () => {
  const looks = new Looks({ clock: new HurryingClock(), lookMs: 1_000 }, signal)
  let told: AbortSignal | undefined
  const hangs = (within: AbortSignal) => {
    told = within
    return new Promise<never>(() => undefined)
  }
  expect(await looks.look(['one'], hangs)).toBeUndefined()
  expect(told?.aborted).toBe(true)
  expect(looks.troubles).toEqual({ one: 'no answer in 1000 ms' })
})

test('time that has run out leaves everything unknown', async () => {
  const over = AbortSignal.abort(new Error('the deadline has passed'))
  const looks = new Looks({ clock: systemClock, lookMs: 1_000 }, over)
  expect(await looks.look(['one'], () => Promise.resolve(5))).toBeUndefined()
  expect(looks.troubles).toEqual({ one: 'the deadline has passed' })
})
