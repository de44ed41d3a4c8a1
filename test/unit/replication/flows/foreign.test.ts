import { expect, test } from 'vitest'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { findForeign } from '../../../../src/replication/flows/foreign.ts'
import { targetRef } from '../../../../src/replication/flows/places.ts'
import {
  flowEntry,
  IDENTITY,
  KEY,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  readerOf,
  SPEC,
  TargetLogInMemory,
} from './flow-fixtures.ts'

function look(target: TargetLogInMemory, start = 0) {
  const clock = new ManualClock()
  const { map } = makeTenure(clock, new LogInMemory())
  map.apply(flowEntry({ ...IDENTITY, segments: [{ source: 0, target: 0, causes: 1 }] }), 0)
  const flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  const sight = {
    reader: readerOf(target.batches),
    ref: targetRef(SPEC),
    map: map.flow(KEY)!,
    start,
    end: target.end,
    isOurs: (producerId: bigint) => producerId === IDENTITY.producerId,
  }
  return findForeign(flow, sight, neverAborted)
}

function logOf(...parts: readonly ((log: TargetLogInMemory) => void)[]): TargetLogInMemory {
  const log = new TargetLogInMemory()
  for (const part of parts) part(log)
  return log
}

const ours = (count: number) => (log: TargetLogInMemory) => log.send(count)
const foreign = (count: number) => (log: TargetLogInMemory) => log.foreign(count)
const marker = (log: TargetLogInMemory) => log.marker()

test.each([
  ['at the end', [ours(5), ours(3), foreign(2), foreign(1)], { from: 8, to: 11 }, 3],
  ['at the very beginning', [foreign(2), ours(5)], { from: 0, to: 2 }, 2],
  ['in the middle, with ours moved on behind it', [ours(5), foreign(4), ours(3)], { from: 5, to: 9 }, 4],
  ['between ours and the markers of a takeover', [ours(5), foreign(4), marker, marker], { from: 5, to: 9 }, 4],
  ['before and behind a marker', [ours(5), foreign(1), marker, foreign(1)], { from: 5, to: 8 }, 2],
  ['before and behind ours', [ours(2), foreign(1), ours(3), foreign(2)], { from: 2, to: 8 }, 3],
] as const)('foreign records are found %s', async (_where, parts, range, offsets) => {
  expect(await look(logOf(...parts))).toEqual({ range, offsets, writers: ['a producer without an id'] })
})

test('foreign records are found in a long log', async () => {
  const log = logOf(
    ...Array.from({ length: 300 }, () => ours(3)),
    foreign(1),
    ...Array.from({ length: 9 }, () => ours(3)),
  )
  expect((await look(log))?.range).toEqual({ from: 900, to: 901 })
})

test('a log that is all ours has none', async () => {
  expect(await look(logOf(ours(5), ours(3)))).toBeUndefined()
})
