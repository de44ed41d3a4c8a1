import { expect, test } from 'vitest'
import { linkName, regionName, systemClock as clock } from '../../../../src/core/index.ts'
import { catchUp } from '../../../../src/failover/effects/catch-up.ts'
import type { EffectCall } from '../../../../src/failover/effects/group-rooms.ts'
import type { Donor } from '../../../../src/failover/outcome.ts'
import type { CatchUp } from '../../../../src/replication/index.ts'

const { signal } = new AbortController()
const north = regionName('north')
const caught: CatchUp = { kind: 'done', caughtUp: [], promote: [] }

/** From left to right, beside north and south; those of them that are named are silent. */
async function catchUpWithout(silent: readonly string[], donors?: readonly Donor[]) {
  const asked: string[] = []
  const moves = {
    partitions: async (region: string) => {
      if (silent.includes(region)) throw new Error('no answer')
      return []
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const rooms = {
    linkOf: (source: string, target: string) => ({ name: linkName(`${source}-${target}`), target }),
    replicator: {
      moves: { permitted: () => moves },
      stopLink: async () => undefined,
      catchUp: async ({ others }: { readonly others: readonly { readonly target: string }[] }) => {
        asked.push(...others.map(({ target }) => target))
        return caught
      },
    },
    topics: { include: ['*'], exclude: [] },
    waitMs: 1_000,
    clock,
  }
  const [from, to] = [regionName('left'), regionName('right')]
  const standby = { role: 'standby' }
  const regions = { left: { role: 'active' }, right: standby, north: standby, south: standby }
  const operation = { id: 'op-1', kind: 'failover', from, to, donors }
  const call = { rooms, document: { regions }, operation, from, to, signal } as unknown as EffectCall
  return { outcome: await catchUp(call), asked }
}

test('every standby that answers is asked for what it has beyond the new active region', async () => {
  expect(await catchUpWithout([])).toMatchObject({ outcome: { kind: 'done' }, asked: ['north', 'south'] })
  expect(await catchUpWithout(['north'])).toMatchObject({ outcome: { kind: 'done' }, asked: ['south'] })
  expect(await catchUpWithout(['north', 'south'])).toMatchObject({ outcome: { kind: 'done' }, asked: [] })
})

test('one that gives something is waited for when it falls silent, and stays on record', async () => {
  const donors = [{ region: north, topics: ['orders'] }]
  for (const silent of [['north'], ['north', 'south']]) {
    const { outcome, asked } = await catchUpWithout(silent, donors)
    expect(outcome).toEqual({
      kind: 'waiting',
      reason: 'north does not answer, which has more of orders than right',
    })
    expect(asked).toEqual([])
  }
  expect(await catchUpWithout(['south'], donors)).toMatchObject({ outcome: { kind: 'done' }, asked: ['north'] })
})
