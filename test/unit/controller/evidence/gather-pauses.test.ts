import { expect, test } from 'vitest'
import { gatherPauses } from '../../../../src/controller/evidence/gather-pauses.ts'
import { Looks } from '../../../../src/controller/evidence/looks.ts'
import type { GatherParts } from '../../../../src/controller/evidence/parts.ts'
import { linkName, type RegionName, systemClock } from '../../../../src/core/index.ts'
import { east, north, threeRegions, west } from '../../../support/failover/machine-model.ts'
import { memoryPauses } from '../../../support/memory-pauses.ts'

const { signal } = new AbortController()
const PAUSE = { by: 'ada', reason: 'upgrade', since: '2026-11-21T12:00:00Z' }
const linkOf = (source: RegionName, target: RegionName) => ({ name: linkName(`g-${source}-${target}`) })

async function gather(kind: 'switchover' | 'failover', silent: readonly RegionName[] = []) {
  const { port } = memoryPauses()
  await port.set(north, linkName(`g-${west}-${north}`), PAUSE, signal)
  await port.set(east, linkName('of-somebody-else'), PAUSE, signal)
  const read: typeof port.read = async (target, within) => {
    if (silent.includes(target)) throw new Error(`${target} does not answer`)
    return await port.read(target, within)
  }
  const looks = new Looks({ clock: systemClock }, signal)
  const parts = { rooms: { linkOf }, pauses: { read } } as unknown as GatherParts
  const paused = await gatherPauses(parts, { looks, withinMs: undefined }, threeRegions(), { kind, to: east })
  return { paused, troubles: looks.troubles }
}

test('a move is told of every link of its group that is paused, and of no other', async () => {
  const paused = [`g-${west}-${north} is paused by ada since ${PAUSE.since}: upgrade`]
  expect(await gather('switchover')).toEqual({ paused, troubles: {} })
})

test('what a move needs has to answer, and what it can do without has not', async () => {
  expect((await gather('switchover', [north])).paused).toEqual([])
  expect((await gather('failover', [west])).paused).toHaveLength(1)
  for (const [kind, region] of [
    ['switchover', west],
    ['switchover', east],
    ['failover', east],
  ] as const) {
    const { paused, troubles } = await gather(kind, [region])
    expect([paused, troubles['links-not-paused']]).toEqual([undefined, `${region} does not answer`])
  }
})
