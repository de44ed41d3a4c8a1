import { expect, test } from 'vitest'
import { rememberFailover } from '../../../../src/controller/evidence/remember-failover.ts'
import type { MoveWish } from '../../../../src/failover/index.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { east, north, threeRegions } from '../../../support/failover/machine-model.ts'

function setUp() {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs }
  let gathered = 0
  const gather = rememberFailover(async () => {
    gathered++
    return goodEvidence
  }, clock)
  const ask = async (wish: Partial<MoveWish> = {}, document = threeRegions()) => {
    const whole = { kind: 'failover', to: east, overrides: [], acceptLoss: true, writePauseLimitMs: 60_000 } as const
    await gather(document, { ...whole, ...wish }, new AbortController().signal)
    return gathered
  }
  return { clock, ask }
}

test('a failover looks once for its plan, its order and its first step', async () => {
  const { clock, ask } = setUp()
  expect(await ask()).toBe(1)
  clock.nowMs = 2_900
  expect(await ask()).toBe(1)
  clock.nowMs = 3_000
  expect(await ask()).toBe(2)
})

test('another target, another reign, or a move that is to lose nothing looks anew', async () => {
  const { ask } = setUp()
  await ask()
  expect(await ask({ to: north })).toBe(2)
  expect(await ask({ to: north }, { ...threeRegions(), epoch: 2 })).toBe(3)
  expect(await ask({ kind: 'switchover' })).toBe(4)
  expect(await ask({ kind: 'switchover' })).toBe(5)
})
