import { expect, test } from 'vitest'
import { Looks, mustAnswer } from '../../../../src/controller/evidence/looks.ts'
import { systemClock } from '../../../../src/core/index.ts'
import { kafkaFaults } from '../../../../src/kafka/index.ts'
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

test('a look is tried again while that may help, and not when it cannot', async () => {
  const looks = new Looks({ clock: systemClock, lookMs: 5_000 }, signal)
  const away = kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster: 'eu', address: 'b:1', reason: 'it is slow' })
  let tries = 0
  expect(await looks.look(['one'], () => (++tries < 3 ? Promise.reject(away) : 5))).toBe(5)
  expect(looks.troubles).toEqual({})
  const refused = kafkaFaults.fault('KAFKA_NOT_AUTHORIZED', {})
  tries = 0
  expect(await looks.look(['two'], () => Promise.reject(++tries > 0 ? refused : away))).toBeUndefined()
  expect(tries).toBe(1)
})

test('a look that never succeeds says why, not that its time was over', async () => {
  const looks = new Looks({ clock: systemClock, lookMs: 500 }, signal)
  const away = kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster: 'eu', address: 'b:1', reason: 'it is slow' })
  expect(await looks.look(['one'], () => Promise.reject(away))).toBeUndefined()
  expect(looks.troubles['one']).toContain('it is slow')
})
