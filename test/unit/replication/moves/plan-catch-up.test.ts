import { describe, expect, it } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { planCatchUp } from '../../../../src/replication/moves/plan-catch-up.ts'

const [C, D] = [regionName('c'), regionName('d')]
const at = (partition: number, sourceNext: number) => ({ topic: 'orders', partition, sourceNext })

describe('what a region has to fetch from other survivors', () => {
  it('is what the most advanced of them has beyond it', () => {
    const others = new Map([
      [C, [at(0, 12), at(1, 10), at(2, 9)]],
      [D, [at(0, 15), at(1, 10), at(2, 8)]],
    ])
    expect(planCatchUp([at(0, 10), at(1, 10), at(2, 10)], others)).toEqual({
      partitions: [{ topic: 'orders', partition: 0, from: D, offsets: 5 }],
      unknown: [],
    })
  })

  it('leaves out a survivor that does not tell how far it got', () => {
    expect(planCatchUp([at(0, 10)], new Map([[C, [at(0, -1)]]])).partitions).toEqual([])
    expect(planCatchUp([at(0, 10)], new Map([[C, []]])).partitions).toEqual([])
  })

  it('is not known for a partition of the region itself that does not tell', () => {
    expect(planCatchUp([at(0, -1)], new Map([[C, [at(0, 12)]]]))).toEqual({ partitions: [], unknown: ['orders-0'] })
  })
})
