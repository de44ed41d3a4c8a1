import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { FenceBook } from '../../../../src/security/fences/fence-book.ts'
import { type FenceRecord, fenceKeyOf, NOTHING_DENIED } from '../../../../src/security/fences/fence-record.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'

const { signal } = new AbortController()
const EU = regionName('eu')
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
  const book = new FenceBook(EU, store)
  expect(await book.put(record, signal)).toBe(true)
  await store.put(EU, fenceKeyOf(record), { ...record, setBy: 'ben' })
  expect((await book.list(signal)).records).toMatchObject([{ setBy: 'ben' }])
  await store.remove(EU, fenceKeyOf(record))
  expect(await book.list(signal)).toEqual({ records: [] })
})

test('what the store has not taken counts here, and is offered until it is taken', async () => {
  const store = new RecordsInMemory()
  const book = new FenceBook(EU, store)
  await book.put(record, signal)
  store.isAway = true
  expect(await book.put({ ...record, mayLandLate: true }, signal)).toBe(false)
  expect(await book.list(signal)).toMatchObject({ records: [{ mayLandLate: true }], trouble: expect.any(String) })
  expect(await book.remove(record, signal)).toBe(false)
  expect((await book.list(signal)).records).toEqual([])
  store.isAway = false
  expect(await book.list(signal)).toEqual({ records: [] })
  expect(store.held.size).toBe(0)
})
