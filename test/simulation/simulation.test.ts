import { describe, expect, it } from 'vitest'
import { BREAK_NAMES, BREAKS } from './breaks.ts'
import { catchVariant, runSeeds } from './campaign.ts'
import { CELLS } from './cells.ts'
import { simulate } from './simulate.ts'

/** `npm run simulate -- --seeds 10000` is the full measure; here every step and fault has its turn once. */
describe('the control plane', () => {
  it('keeps F1 to F7 at every step, whatever goes wrong there', async () => {
    const { failures, seeds, moves } = await runSeeds(CELLS.keys())
    expect(failures).toEqual([])
    expect(seeds).toBe(CELLS.length)
    expect(moves).toBeGreaterThan(CELLS.length / 2)
  })

  it('comes to the same with the same seed', async () => {
    expect(await simulate(17)).toEqual(await simulate(17))
  })
})

describe('what the checks notice', () => {
  it.each(BREAK_NAMES)('%s', async (name) => {
    expect(await catchVariant(name), BREAKS[name].leavesOut).toBeDefined()
  })
})
