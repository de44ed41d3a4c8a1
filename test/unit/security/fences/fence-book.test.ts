import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { FenceBook } from '../../../../src/security/fences/fence-book.ts'
import { type FenceRecord, fenceKeyOf, NOTHING_DENIED } from '../../../../src/security/fences/fence-record.ts'
import { DEFAULT_TIMINGS } from '../../../../src/security/index.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const EU = regionName('eu')
const clock = new HurryingClock()
const access = { region: EU, clock, timings: DEFAULT_TIMINGS }
const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(ms, resolve))
const record: FenceRecord = {
  format: 1,
  region: EU,
  group: 'orders',
  operation: 'op-1',
  means: 'acl',
  setBy: 'anna',
  reason: 'a move',
  setAtMs: 1,
  untilMs: null,
  denied: NOTHING_DENIED,
  foreign: [],
  configsBefore: {},
  hasRun: false,
  mayLandLate: false,
  lifted: null,
}

test('what the store has taken is not written again over what others wrote since', async () => {
  const store = new RecordsInMemory()
  const book = new FenceBook(access, store)
  expect(await book.put(record, signal)).toBe(true)
  await store.put(EU, fenceKeyOf(record), { ...record, setBy: 'ben' })
  expect((await book.list(signal)).records).toMatchObject([{ setBy: 'ben' }])
  await store.remove(EU, fenceKeyOf(record))
  expect(await book.list(signal)).toEqual({ records: [] })
})

test('what the store has not taken counts here, and is offered until it is taken', async () => {
  const store = new RecordsInMemory()
  const book = new FenceBook(access, store)
  await book.put(record, signal)
  store.isAway = true
  expect(await book.put({ ...record, mayLandLate: true }, signal)).toBe(false)
  expect(await book.list(signal)).toMatchObject({ records: [{ mayLandLate: true }], trouble: expect.any(String) })
  expect(await book.remove(record, signal)).toBe(false)
  expect((await book.list(signal)).records).toEqual([])
  store.isAway = false
  await wait(DEFAULT_TIMINGS.recordPauseMs)
  expect(await book.list(signal)).toEqual({ records: [] })
  expect(store.held.size).toBe(0)
})

test('a store that does not answer holds a fence up once, not with every record', async () => {
  const store = new RecordsInMemory()
  let asked = 0
  store.put = () => {
    asked++
    return new Promise(() => undefined)
  }
  const book = new FenceBook(access, store)
  const startedMs = clock.monotonicMs()
  expect(await book.put(record, signal)).toBe(false)
  expect(await book.put({ ...record, setBy: 'ben' }, signal)).toBe(false)
  expect(await book.list(signal)).toMatchObject({ records: [{ setBy: 'ben' }], trouble: expect.any(String) })
  expect(asked).toBe(1)
  expect(clock.monotonicMs() - startedMs).toBeLessThan(2 * DEFAULT_TIMINGS.recordMs)
})

test('nothing is written any more once the right to it has ended', async () => {
  const store = new RecordsInMemory()
  const book = new FenceBook(access, store)
  let isHeld = true
  const held = book.permitted(() => {
    if (!isHeld) throw new Error('the lease has ended')
  })
  expect(await held.put(record, signal)).toBe(true)
  isHeld = false
  await expect(held.remove(record, signal)).rejects.toThrow('the lease has ended')
  expect(store.held.size).toBe(1)
})
