import { beforeEach, expect, test } from 'vitest'
import { createMemoryKeeper } from '../../src/memory-keeper.ts'
import { createLogger } from '../../src/observability/index.ts'
import { ManualClock } from './replication/flows/flow-fixtures.ts'

const MEBIBYTE = 1024 * 1024
let clock: ManualClock
let resident: number
let busy: number
let collected: number

beforeEach(() => {
  clock = new ManualClock()
  resident = 100
  busy = 0.9
  collected = 0
  const collect = () => {
    collected++
    resident = 120
  }
  const logger = createLogger({ level: 'info', nowMs: () => 0, destination: { write: () => undefined } })
  const residentBytes = () => resident * MEBIBYTE
  createMemoryKeeper({ clock, logger, residentBytes, busyShare: () => busy, collect }).start()
})

test('memory that came with a start is given back once it is quiet, and not again for ten minutes', async () => {
  resident = 400
  await clock.pass(60_000)
  expect(collected).toBe(0)
  busy = 0.1
  await clock.pass(5_000)
  busy = 0.9
  await clock.pass(5_000)
  busy = 0.1
  await clock.pass(5_000)
  expect(collected).toBe(0)
  await clock.pass(5_000)
  expect(collected).toBe(1)
  resident = 400
  await clock.pass(590_000)
  expect(collected).toBe(1)
  await clock.pass(15_000)
  expect(collected).toBe(2)
})

test('a little more memory than after the last time is left alone', async () => {
  busy = 0
  resident = 160
  await clock.pass(60_000)
  expect(collected).toBe(0)
  resident = 300
  await clock.pass(5_000)
  resident = 180
  await clock.pass(1_800_000)
  expect(collected).toBe(1)
})
